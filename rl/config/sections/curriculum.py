"""The section `curriculum`: supervised tuning in stages, before GRPO."""

from __future__ import annotations

from dataclasses import dataclass, field

from rl.config.fields import bounded, bounds


@dataclass
class StageConfig:
    """One stage of supervised tuning."""

    steps: int | None = bounded(None, "optimizer steps", least=0)
    """Length of the stage, where `epochs` does not say it; 0 leaves the stage out."""
    epochs: float | None = bounded(None, "epochs", above=0)
    """Length of the stage in place of `steps`. An epoch is as many rows as it takes to go once through the heaviest patterns of
    the mix: where weights are equal, as many as the mix has. Rounded up to whole steps."""
    batch: int = bounded(32, "rows", least=1)
    """Rows of an optimizer step, over all ranks; must be divisible by learner.ranks."""
    learning_rate: float = bounded(2e-5, above=0)
    """Highest learning rate: the warm-up ends at it, then a cosine falls from it."""
    final_learning_rate: float | None = bounded(None, least=0)
    """Learning rate at which the cosine arrives as the stage ends, such as 0; null means a tenth of learning_rate."""
    warmup: float = bounded(0.03, "share", least=0, most=1)
    """Share of the stage's steps in which the rate rises."""
    mix: dict[str, float] = field(default_factory=dict, metadata=bounds("weight", least=0))
    """Which rows are drawn: task, source, or a pattern of either -> weight; patterns joined by `|` are one, whose rows are gone
    through together. To replay an earlier stage, list its patterns."""

    @property
    def length(self) -> int:
        """The stage's optimizer steps, once the rows have told how many its epochs are (`rl.run.sft.with_steps`)."""
        assert self.steps is not None
        return self.steps


@dataclass
class CurriculumConfig:
    """Supervised tuning."""

    stages: dict[str, StageConfig] = field(default_factory=dict)
    """Stages by name, in their order. The paper's are attribute, expression and emotion. None: no tuning."""
