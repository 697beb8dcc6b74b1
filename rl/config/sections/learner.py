"""The section `learner`: the ranks that train the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rl.config.fields import bounded


@dataclass
class LearnerConfig:
    """The ranks that train the policy, by DeepSpeed."""

    ranks: int = bounded(1, "processes", least=1)
    """Learner ranks; a step's groups are shared out among them."""
    zero_stage: Literal[0, 1, 2, 3] = 0
    """What DeepSpeed's ZeRO shares out among ranks: 0 nothing, 1 the optimizer's state, 2 gradients too, 3 parameters too."""
    offload: list[Literal["optimizer", "parameters"]] = field(default_factory=list)
    """What is kept in host memory: `optimizer`, its state and its step, with zero_stage 1 or more; `parameters`, with 3."""
    token_budget: int = bounded(8192, "tokens", least=1)
    """Tokens of a forward pass at most, what is shared counted once; a single prompt with one sample may be longer."""
    share_prefixes: bool = True
    """Compute a clip, a prompt, and whatever else sequences begin with alike, once and not for each of them."""
    gradient_clip: float = bounded(1.0, least=0)
    """Largest norm of a step's gradient; larger ones are scaled down to it. 0 clips nothing."""
    weight_decay: float = bounded(0.0, least=0)
    """AdamW's weight decay."""
    beta2: float = bounded(0.95, least=0, below=1)
    """AdamW's decay of the mean squared gradient; beta1 is 0.9."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass and so hold fewer: less memory, about a third more time."""
    gpus: float = bounded(0.0, "GPUs", least=0)
    """GPUs of each rank, as Ray counts them; 0 trains on CPUs. Below 1 a GPU is shared."""
    cpus: float = bounded(1.0, "CPUs", least=0)
    """CPUs that Ray keeps for each rank."""
    threads: int = bounded(2, "threads", least=1)
    """Threads of each rank that compute on CPUs."""
