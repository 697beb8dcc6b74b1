"""The section `rewards`: scorers and their mix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rewards.plugins.spec import Isolation
from rewards.sample import Mode
from rl.config.fields import bounded


@dataclass
class ScorerConfig:
    """One scorer, how it is called, and its part in the mix."""

    spec: str = ""
    """The function: one that ships, `file.py:function`, `module:function` or an entry point; empty means the scorer's name."""
    weight: float = bounded(1.0, "weight", least=0)
    """Weight in the mean of the scorers that judge a sample; 0 only records its score."""
    tasks: list[str] = field(default_factory=lambda: ["*"])
    """Tasks that it judges, or patterns of tasks."""
    level: Literal["attribute", "expression", "emotion"] | None = None
    """The level of the tree that it judges, for grpo.credit; null means what a scorer that ships is known to judge."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call."""
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


@dataclass
class RewardConfig:
    """Scorers, and the workers that call them."""

    workers: int = bounded(1, "processes", least=1)
    """Reward workers, among which groups are shared out."""
    max_error_share: float = bounded(0.1, "share", least=0, most=1)
    """Share of a step's samples that may fail to be scored before the run stops."""
    mix: str | None = None
    """File with `scorers:`, such as configs/rewards/default.yaml, that rewards.scorers are laid over. Relative to the working
    directory, or to affectree if it is not there."""
    scorers: dict[str, ScorerConfig] = field(default_factory=dict)
    """Scorers by name: added to those of rewards.mix, or changing single settings of them. null takes one out."""
