"""The section `rollout`: the engines that generate, and how they get new weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rl.config.fields import bounded, bounds
from rl.config.sections.model import Dtype


@dataclass
class RolloutConfig:
    """The vLLM engines that generate, and how they get new weights."""

    engines: int = bounded(1, "engines", least=1)
    """Engines; each has a whole copy of the model."""
    tensor_parallel: int = bounded(1, "processes", least=1)
    """Processes that share an engine's model."""
    gpus: float = bounded(0.0, "GPUs", least=0)
    """GPUs for each process of an engine, as Ray counts them; 0 generates on CPUs. Below 1 a GPU is shared."""
    cpus: float = bounded(0.5, "CPUs", least=0)
    """CPUs that Ray keeps for each engine."""
    threads: int = bounded(2, "threads", least=1)
    """Threads of each engine that compute on CPUs."""
    dtype: Dtype | None = None
    """Precision of the engines' weights; null means model.dtype."""
    max_model_len: int = bounded(2048, "tokens", least=2)
    """Tokens of a prompt with its completion at most."""
    max_sequences: int = bounded(256, "samples", least=1)
    """Samples that an engine draws at the same time."""
    cache_gib: float = bounded(1.0, "GiB", above=0)
    """Memory of each engine for keys and values, on CPUs; vLLM takes whole GiB, at least 1."""
    gpu_memory: float = bounded(0.85, "share", above=0, most=1)
    """Share of a GPU's memory that an engine takes, on GPUs."""
    enforce_eager: bool = True
    """Do without compiling the model, and on GPUs without CUDA graphs: engines start sooner and generate more slowly."""
    max_logprob_diff: float | None = bounded(1e-3, least=0)
    """The largest difference between the log-probs that engines and learner give a probe's tokens right after a sync; a larger
    one stops the run. It is meant for float32: null, for lower precisions, only records the difference."""
    branching: list[int] = field(default_factory=list, metadata=bounds("sections", least=1))
    """[sections of attributes, sections of expressions under each, emotions under each]: rationales are sampled as trees, with
    grpo.group samples in all. Empty draws samples independently of each other."""
    in_flight: Literal["wait", "abort", "keep"] = "wait"
    """What a sync does with completions that are being drawn: `wait` for them; `abort` them and ask again; `keep` them and go
    on under the new weights, each token with its version."""
    transfer: str = "memory"
    """How new weights reach the engines: through host `memory`, or by `broadcast` from learner rank 0 to all engines, over
    NCCL where both have GPUs of their own; or `file.py:MyTransfer`."""
    transfer_parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the class or function that rollout.transfer names."""
    checksum: bool = False
    """Have every engine check that the weights are what the learner wrote; with transfer=memory only."""
    timeout: float = bounded(1800.0, "seconds", above=0)
    """The run stops if no group is finished for this long."""
    sync_timeout: float = bounded(600.0, "seconds", above=0)
    """How long a sync may take before the run stops, with the names of those who did not finish."""
