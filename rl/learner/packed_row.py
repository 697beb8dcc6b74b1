"""Trees of sequences, one after the other in a row, each depth first, so that a token sees exactly its ancestors.

Token q sees token k if k <= q < subtree_end[k].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl.learner.prefix_tree import Node
from rl.learner.sequences import TokenSequence
from rollout.media.medium import Medium

NONE = -1


@dataclass(frozen=True)
class Segment:
    """A run of tokens without a branch: columns begin to end - 1 of the row."""

    begin: int
    end: int
    parent: int
    """Index of the segment that it continues; -1 for the first of a tree."""


@dataclass(frozen=True)
class PackedRow:
    """L tokens, of which M are predicted, and S show something."""

    ids: np.ndarray
    """int64 (L,)."""
    positions: np.ndarray
    """int64 (3, L)."""
    subtree_end: np.ndarray
    """int64 (L,): the column after the last token that sees this one."""
    target_at: np.ndarray
    """int64 (M,), ascending: columns of the predicted tokens."""
    predict_at: np.ndarray
    """int64 (M,): column that predicts each; a segment's first is predicted by its parent's last."""
    segments: tuple[Segment, ...]
    """Parents before children."""
    members: tuple[int, ...]
    """Places of the sequences, among all that were packed."""
    paths: tuple[np.ndarray, ...]
    """For each of them, int64 (k,): which of the M are its own targets, in order."""
    media: tuple[Medium, ...]
    """Distinct."""
    place_at: np.ndarray
    """int64 (S,), ascending: columns that show something."""
    place_medium: np.ndarray
    """int64 (S,): which of `media`."""
    place_feature: np.ndarray
    """int64 (S,): which of that medium's features."""

    def __len__(self) -> int:
        return len(self.ids)


def pack_row(sequences: Sequence[TokenSequence], trees: Sequence[Node]) -> PackedRow:
    """Put trees of sequences into one row."""
    return _Row(sequences).packed(trees)


class _Row:
    def __init__(self, sequences: Sequence[TokenSequence]) -> None:
        self.sequences = sequences
        self.segments: list[Segment] = []
        self.subtree_ends: list[int] = []
        self.runs: list[tuple[int, int, int]] = []
        """Of each segment: a sequence that has it, and where it begins and ends in that."""
        self.columns: dict[int, list[np.ndarray]] = {}
        """Columns of each sequence."""

    def packed(self, trees: Sequence[Node]) -> PackedRow:
        for tree in trees:
            self._append(tree, NONE)
        members = tuple(self.columns)
        paths = [np.concatenate(columns) for columns in self.columns.values()]
        own = [path[self.sequences[member].targets] for member, path in zip(members, paths, strict=True)]
        target_at = np.unique(np.concatenate(own))
        media = tuple(dict.fromkeys(medium for member in members for medium in self.sequences[member].media))
        shown = self._shown(media)
        return PackedRow(
            ids=self._gathered("ids"),
            positions=self._gathered("positions"),
            subtree_end=np.repeat(self.subtree_ends, [segment.end - segment.begin for segment in self.segments]),
            target_at=target_at,
            predict_at=self._before()[target_at],
            segments=tuple(self.segments),
            members=members,
            paths=tuple(np.searchsorted(target_at, columns) for columns in own),
            media=media,
            place_at=np.flatnonzero(shown[0] != NONE),
            place_medium=shown[0][shown[0] != NONE],
            place_feature=shown[1][shown[0] != NONE],
        )

    def _append(self, node: Node, parent: int) -> None:
        index = len(self.segments)
        begin = self.segments[-1].end if self.segments else 0
        end = begin + node.end - node.begin
        self.segments.append(Segment(begin, end, parent))
        self.subtree_ends.append(end)
        self.runs.append((node.members[0], node.begin, node.end))
        for member in node.members:
            self.columns.setdefault(member, []).append(np.arange(begin, end))
        for child in node.children:
            self._append(child, index)
        self.subtree_ends[index] = self.segments[-1].end

    def _gathered(self, name: str) -> np.ndarray:
        """A field of sequences for all columns, the last axis being that of tokens."""
        found: np.ndarray = np.concatenate([getattr(self.sequences[m], name)[..., b:e] for m, b, e in self.runs], axis=-1)
        return found

    def _before(self) -> np.ndarray:
        """The column of the token before each, int64 (L,); -1 where there is none."""
        found = np.arange(self.segments[-1].end) - 1
        for segment in self.segments:
            found[segment.begin] = NONE if segment.parent == NONE else self.segments[segment.parent].end - 1
        return found

    def _shown(self, media: Sequence[Medium]) -> tuple[np.ndarray, np.ndarray]:
        """Of each column the place of its medium and which of its features it takes, int64 (L,) each; -1 and 0 for text."""
        numbers = {medium: number for number, medium in enumerate(media)}
        features = {member: self.sequences[member].features() for member, _, _ in self.runs}
        media_at, features_at = [], []
        for member, begin, end in self.runs:
            sequence = self.sequences[member]
            known = np.array([*(numbers[medium] for medium in sequence.media), NONE])
            media_at.append(known[sequence.medium_at[begin:end]])
            features_at.append(features[member][begin:end])
        return np.concatenate(media_at), np.concatenate(features_at)
