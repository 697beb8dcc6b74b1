"""Which sequences go through the model together: rows of micro-batches, within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rl.learner.packed_row import PackedRow, pack_row
from rl.learner.prefix_tree import Node, forest, in_order
from rl.learner.sequences import TokenSequence

MicroBatch = tuple[PackedRow, ...]
"""The rows of one forward pass."""
MOST_PADDING = 0.25
"""Share of a micro-batch in the plain form that may be padding before a new one is begun."""


@dataclass(frozen=True)
class Budget:
    """What a micro-batch may hold; a single sequence that needs more gets one of its own."""

    tokens: int
    """Tokens of all rows, padding included."""
    targets: int = 2**31
    """Predicted tokens: each needs logits over the whole vocabulary."""

    def holds(self, tokens: int, targets: int) -> bool:
        """Whether so many tokens, of which `targets` are predicted, fit."""
        return tokens <= self.tokens and targets <= self.targets


def shared(sequences: Sequence[TokenSequence], budget: Budget) -> list[MicroBatch]:
    """Micro-batches of one row each, in which whatever sequences begin with alike stands once and nothing is padded.

    A tree that does not fit the budget is halved until its parts do; small ones are put together, the largest first.
    """
    batches: list[list[Node]] = []
    room: list[tuple[int, int]] = []
    for tree in sorted(_that_fit(sequences, budget), key=lambda tree: -tree.tokens):
        for number, (tokens, targets) in enumerate(room):
            if budget.holds(tokens + tree.tokens, targets + tree.targets):
                batches[number].append(tree)
                room[number] = tokens + tree.tokens, targets + tree.targets
                break
        else:
            batches.append([tree])
            room.append((tree.tokens, tree.targets))
    return [(pack_row(sequences, trees),) for trees in batches]


def plain(sequences: Sequence[TokenSequence], budget: Budget) -> list[MicroBatch]:
    """Micro-batches with a row for each sequence, which share nothing: rows of like length come together, and a batch ends
    where its padding would pass `MOST_PADDING`."""
    batches: list[list[PackedRow]] = []
    held = predicted = 0
    rows = [pack_row(sequences, forest(sequences, [place])) for place in range(len(sequences))]
    for row in sorted(rows, key=len):
        padded = (len(batches[-1]) + 1) * len(row) if batches else 0
        fits = budget.holds(padded, predicted + len(row.target_at))
        if batches and fits and held + len(row) >= (1 - MOST_PADDING) * padded:
            batches[-1].append(row)
            held += len(row)
            predicted += len(row.target_at)
        else:
            batches.append([row])
            held, predicted = len(row), len(row.target_at)
    return [tuple(batch) for batch in batches]


def _that_fit(sequences: Sequence[TokenSequence], budget: Budget) -> list[Node]:
    waiting, found = forest(sequences)[::-1], []
    while waiting:
        tree = waiting.pop()
        if budget.holds(tree.tokens, tree.targets) or len(tree.members) == 1:
            found.append(tree)
        else:
            order = in_order(tree)
            halves = order[: len(order) // 2], order[len(order) // 2 :]
            waiting += [part for half in reversed(halves) for part in reversed(forest(sequences, half))]
    return found
