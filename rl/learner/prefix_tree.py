"""Sequences as trees of what they have in common: a clip, its questions, their answers; a prompt and its samples.

What sequences begin with alike has the same context in each of them, so it is computed once. A common beginning ends where
tokens, positions or media differ. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl.learner.sequences import TokenSequence

LEAST_SAVED = 1 / 16
"""What trees have to save, of their tokens, by a beginning that they share. Attention below a beginning has to gather and to
mask, which is not worth it for the few tokens of a chat template before each clip."""


@dataclass(frozen=True)
class Node:
    """Tokens that the same sequences have in common, up to where they part or one ends; and what they go on with."""

    begin: int
    """Tokens before it: where it begins in each of its sequences."""
    end: int
    members: tuple[int, ...]
    """Places of its sequences."""
    children: tuple[Node, ...]
    tokens: int
    """Distinct tokens, with all below it."""
    targets: int
    """How many of them are predicted, in some sequence."""


def forest(sequences: Sequence[TokenSequence], members: Sequence[int] | None = None) -> list[Node]:
    """The trees of some sequences, in order of first occurrence.

    Args:
        sequences: all of them.
        members: places of those that are looked at; None for all.
    """
    chosen = range(len(sequences)) if members is None else members
    numbers = {medium: n for n, medium in enumerate(dict.fromkeys(m for place in chosen for m in sequences[place].media))}
    keys = {place: sequences[place].keys(numbers) for place in chosen}
    builder = _Builder(sequences, keys)
    return [tree for root in builder.grow(list(chosen), 0) for tree in builder.worth_sharing(root)]


def in_order(tree: Node) -> list[int]:
    """The sequences of a tree, those that share most next to each other."""
    below = [member for child in tree.children for member in in_order(child)]
    passing = set(below)
    return [*(member for member in tree.members if member not in passing), *below]


class _Builder:
    def __init__(self, sequences: Sequence[TokenSequence], keys: dict[int, np.ndarray]) -> None:
        self.sequences, self.keys = sequences, keys

    def grow(self, members: Sequence[int], begin: int) -> list[Node]:
        """What members that have their first `begin` tokens in common go on with; their number bounds the depth."""
        by_key: dict[bytes, list[int]] = {}
        for member in members:
            if len(self.keys[member]) > begin:
                by_key.setdefault(self.keys[member][begin].tobytes(), []).append(member)
        return [self._grown(same, begin) for same in by_key.values()]

    def worth_sharing(self, root: Node) -> list[Node]:
        """A tree as it is, or in several trees, each with a copy of its beginning, if that is too short to be shared."""
        going_on = {member for child in root.children for member in child.members}
        alone = [member for member in root.members if member not in going_on]
        branches = len(root.children) + bool(alone)
        saved = root.end * (branches - 1)
        if saved >= LEAST_SAVED * sum(child.tokens for child in root.children):
            return [root]
        parted = [self._node(0, child.end, child.members, child.children) for child in root.children]
        whole = [self._node(0, root.end, alone, ())] if alone else []
        return [*whole, *(tree for child in parted for tree in self.worth_sharing(child))]

    def _grown(self, members: Sequence[int], begin: int) -> Node:
        end = begin + _common_run([self.keys[member][begin:] for member in members])
        return self._node(begin, end, members, self.grow(members, end))

    def _node(self, begin: int, end: int, members: Sequence[int], children: Sequence[Node]) -> Node:
        predicted = np.logical_or.reduce([self.sequences[member].targets[begin:end] for member in members])
        return Node(
            begin,
            end,
            tuple(members),
            tuple(children),
            tokens=end - begin + sum(child.tokens for child in children),
            targets=int(np.count_nonzero(predicted)) + sum(child.targets for child in children),
        )


def _common_run(keys: Sequence[np.ndarray]) -> int:
    """How many leading tokens all have in common."""
    shortest = min(map(len, keys))
    run = shortest
    for other in keys[1:]:
        differ = np.flatnonzero((other[:run] != keys[0][:run]).any(axis=1))
        run = int(differ[0]) if len(differ) else run
    return run
