"""How well the rules read rationales in words, as measured on hand-made ones (docs/affective-tree.md)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracy:
    """Shares of what was read at one level."""

    precision: float
    """Share of what was read that is stated."""
    recall: float
    """Share of what is stated that was read."""


READER_ACCURACY = {
    "attribute": Accuracy(0.887, 0.856),
    "expression": Accuracy(0.778, 0.808),
    "emotion": Accuracy(0.895, 0.895),
}
"""Level of the tree -> accuracy there. A test holds these to what is measured."""
