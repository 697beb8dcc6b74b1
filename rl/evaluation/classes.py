"""Recognition of one class of several, as DFEW and MAFW report it: UAR, WAR and the confusion of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

OTHER = "(other)"
"""Said where an answer is none of the gold classes: it counts as wrong."""


@dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each."""

    classes: tuple[str, ...]
    """The gold classes, sorted."""
    said: tuple[str, ...]
    """What was answered: the gold classes, then `OTHER`."""
    counts: tuple[tuple[int, ...], ...]
    """Rows of each gold class by what was said."""

    def recalls(self) -> list[float]:
        """Share of each class's rows that were recognised."""
        return [row[place] / sum(row) for place, row in enumerate(self.counts)]

    @property
    def unweighted(self) -> float:
        """UAR, unweighted average recall: the mean over the classes."""
        return sum(self.recalls()) / len(self.classes)

    @property
    def weighted(self) -> float:
        """WAR, weighted average recall: the share of all rows, which is accuracy."""
        return sum(row[place] for place, row in enumerate(self.counts)) / sum(map(sum, self.counts))


def confusion(gold: Sequence[str], said: Sequence[str]) -> Confusion:
    """The confusion of at least one row's gold class with what was said."""
    classes = tuple(sorted(set(gold)))
    pairs = Counter((true, other if other in classes else OTHER) for true, other in zip(gold, said, strict=True))
    named = (*classes, OTHER)
    return Confusion(classes, named, tuple(tuple(pairs[one, other] for other in named) for one in classes))
