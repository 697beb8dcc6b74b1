"""The section `rewards`: scorers and their mix, and the judge that some of them ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rewards.plugins.spec import Isolation
from rewards.sample import Mode
from rl.config.fields import bounded
from rl.config.sections.model import Dtype


@dataclass
class ScorerConfig:
    """One scorer, how it is called, and its part in the mix."""

    spec: str = ""
    """The function: one that ships, `file.py:function`, `module:function` or an entry point; empty means the scorer's name."""
    weight: float = bounded(1.0, "weight", least=0)
    """Weight in the mean of the scorers that judge a sample. 0 observes: its scores and faults are recorded and change
    nothing."""
    tasks: list[str] = field(default_factory=lambda: ["*"])
    """Tasks that it judges, or patterns of tasks."""
    level: Literal["attribute", "expression", "emotion"] | None = None
    """The level of the tree that it judges, for grpo.credit; null means what a scorer that ships is known to judge."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call, or of the one call of a factory."""
    mode: Mode | None = None
    """What it is called with: one `sample`, a `batch` of them, or all of a `group`; null means what the function declares,
    else sample."""
    isolation: Isolation | None = None
    """Where it runs: a `process` of its own, a `thread`, or `inline` in the reward worker; null means inline for scorers that
    ship and process for all others."""
    adapter: str | None = None
    """The trainer whose contract the function was written for; null means affectree's own."""
    timeout: float = bounded(30.0, "seconds", above=0)
    """How long one call may take."""
    retries: int = bounded(2, "calls", least=0)
    """How often a call is tried again after a fault of infrastructure; the scorer's own faults are not tried again."""
    on_error: Literal["drop", "fail"] | float | int = "drop"
    """What becomes of a sample that it fails on: `drop` it, `fail` the run, or a number to use for its score."""
    memory_gib: float = bounded(8.0, "GiB", least=0)
    """Memory that its own process may take; 0 for no limit."""
    factory: bool = False
    """Whether `spec` names what makes the scorer: it is called once, with `parameters`, and returns the scorer."""
    env: list[str] = field(default_factory=list)
    """Names of environment variables that it needs, such as a service's key, beside those that it declares itself. Reward workers
    get their values from where affectree is started."""


@dataclass
class JudgeConfig:
    """A language model that the run hosts, beside the policy, for scorers that ask it (`parameters: {judge: hosted}`). It is not
    trained. Checkpoints of the policy's families see the clips, decoded as data.fps etc. say; all others go by the texts."""

    model: str = ""
    """Folder of the judge's checkpoint, or its name on the Hugging Face hub: any instruction-tuned model that vLLM serves."""
    engines: int = bounded(1, "engines", least=1)
    """Engines that answer; each has a whole copy of the model."""
    tensor_parallel: int = bounded(1, "processes", least=1)
    """Processes that share an engine's model."""
    gpus: float = bounded(0.0, "GPUs", least=0)
    """GPUs for each process of an engine, as Ray counts them; 0 judges on CPUs, as rollout.gpus has to then too."""
    cpus: float = bounded(0.25, "CPUs", least=0)
    """CPUs that Ray keeps for each engine."""
    threads: int = bounded(2, "threads", least=1)
    """Threads of each engine that compute on CPUs."""
    dtype: Dtype = "bfloat16"
    """Precision of the judge's weights."""
    max_model_len: int = bounded(4096, "tokens", least=2)
    """Tokens of a question, its clip included, with its answer at most. What is longer fails, and costs its sample."""
    max_tokens: int = bounded(512, "tokens", least=1)
    """Longest answer. One that is cut off there fails, and costs its sample."""
    max_sequences: int = bounded(256, "questions", least=1)
    """Questions that an engine answers at the same time."""
    cache_gib: float = bounded(1.0, "GiB", above=0)
    """Memory of each engine for keys and values, on CPUs; vLLM takes whole GiB, at least 1."""
    gpu_memory: float = bounded(0.85, "share", above=0, most=1)
    """Share of a GPU's memory that an engine takes, on GPUs."""
    timeout: float = bounded(120.0, "seconds", above=0)
    """How long to wait until some engine has answered something; an engine that died has its successor loaded meanwhile. The
    scorer's own timeout counts too."""


@dataclass
class RewardConfig:
    """Scorers, and the workers that call them."""

    workers: int = bounded(1, "processes", least=1)
    """Reward workers, among which groups are shared out."""
    max_error_share: float = bounded(0.1, "share", least=0, most=1)
    """Share of a step's samples on which scorers with a weight may fail before the run stops. A sample that no scorer applies
    to is no failure."""
    mix: str | None = None
    """File with `scorers:`, such as configs/rewards/default.yaml, that rewards.scorers are laid over. Relative to the working
    directory, or to affectree if it is not there."""
    judge: JudgeConfig | None = None
    """The language model that the run hosts for scorers that ask a judge; null hosts none."""
    scorers: dict[str, ScorerConfig] = field(default_factory=dict)
    """Scorers by name: added to those of rewards.mix, or changing single settings of them. null takes one out."""
