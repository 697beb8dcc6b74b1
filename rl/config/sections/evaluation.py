"""The section `evaluation`: what is measured on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from rl.config.fields import bounded, bounds


@dataclass
class ReasoningConfig:
    """Rationales that are reasoned stage by stage (docs/rollouts.md; also `affectree reason`)."""

    width: int = bounded(4, "candidates", least=1)
    """Candidates that are drawn at each stage."""
    scorer: str = "agreement"
    """Who chooses among them: `agreement`, `likelihood`, `endpoint`, `judge`, which is rewards.judge, or `oracle`, which sees the
    gold tree and so is an upper bound."""
    temperature: float = bounded(1.0, least=0)
    """Temperature at which candidates are drawn; above 0 unless width is 1."""
    endpoint: str | None = None
    """Base URL of an OpenAI-compatible judge, for scorer=endpoint; its key is taken from the variable OPENAI_API_KEY."""
    model: str | None = None
    """The judge's name at that endpoint, for scorer=endpoint."""


@dataclass
class EvaluationConfig:
    """What is measured on held-out rows, greedily."""

    rows: dict[str, int] = field(default_factory=lambda: {"rationale": 256}, metadata=bounds("rows", least=1))
    """Which test rows are measured before tuning, after it, after GRPO and by `affectree eval`: task -> rows at most."""
    every: int = bounded(0, "GRPO steps", least=0)
    """How often val rows are measured; 0 for never."""
    val_rows: dict[str, int] = field(default_factory=lambda: {"rationale": 128}, metadata=bounds("rows", least=1))
    """Which val rows are measured: task -> rows at most."""
    keep_best: bool = True
    """End with the weights that did best on val, where evaluation.every is set; else with the last ones."""
    examples: int = bounded(3, "rationales", least=0)
    """Rationales that are shown beside the gold ones, at the end and in the report."""
    reasoning: ReasoningConfig | None = None
    """Measures the final model's rationales also as they are when reasoned stage by stage; null leaves that out."""
    structured: bool = False
    """Hold greedy rationales to the tree's grammar."""
    max_tokens: dict[str, int] = field(default_factory=lambda: {"*": 512}, metadata=bounds("tokens", least=1))
    """Longest completion: task or a pattern of tasks -> tokens. A task's own name counts before patterns, `*` last."""
