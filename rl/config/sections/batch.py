"""The section `batch`: how the rows of a step are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rl.config.fields import bounded


@dataclass
class BatchConfig:
    """Whether rows of a step are drawn one by one, or with others about the same clip, which is then computed once."""

    by: Literal["row", "clip"] = "row"
    """How rows of a supervised step are drawn: `row` draws each by itself; `clip` draws clips, and with each some of its rows.
    The mix is kept in expectation, and the rows of a step have less variety (docs/learner.md)."""
    prompts_by: Literal["row", "clip"] = "row"
    """How prompts of a GRPO step are drawn, likewise."""
    clip_rows: int = bounded(8, "rows", least=1)
    """Rows about one clip that are drawn together, at most."""

    @property
    def rows_together(self) -> int | None:
        """Rows about one clip that a supervised step draws together, at most; None where it draws row by row."""
        return self.clip_rows if self.by == "clip" else None

    @property
    def prompts_together(self) -> int | None:
        """The same of the prompts of a GRPO step."""
        return self.clip_rows if self.prompts_by == "clip" else None
