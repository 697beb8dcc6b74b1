"""Replies to one prompt as a tree of shared prefixes, packed into one row.

The samples of a GRPO group share their prompt, and often their first words; groups that are sampled as trees share
whole sections. What is shared has the same context in every sample, so it is computed once: the row holds the prompt
and then every distinct continuation, depth first, and a token sees exactly its ancestors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rollout.prompts import EncodedPrompt


@dataclass(frozen=True)
class Segment:
    """A run of tokens without a branch: columns begin to end - 1 of the row."""

    begin: int
    end: int
    parent: int
    """Index of the segment that it continues; -1 for the prompt."""


@dataclass(frozen=True)
class PackedTree:
    """One row: L tokens, of which M = L - prompt are predicted."""

    ids: np.ndarray
    """Token ids, int64 (L,)."""
    positions: np.ndarray
    """int64 (3, L): every segment continues its parent's M-RoPE."""
    subtree_end: np.ndarray
    """int64 (L,): the column after the last token that sees this one. Token q sees k if k <= q < subtree_end[k]."""
    predict_at: np.ndarray
    """int64 (M,): column that predicts each reply token; a segment's first is predicted by its parent's last."""
    segments: tuple[Segment, ...]
    """Parents before children."""
    paths: tuple[np.ndarray, ...]
    """For each reply, int64 (k,): which of the M predicted tokens are its own, in order."""

    def __len__(self) -> int:
        return len(self.ids)


def pack(prompt: EncodedPrompt, replies: Sequence[np.ndarray]) -> PackedTree:
    """Put a prompt and its replies into one row.

    Args:
        prompt: of n tokens.
        replies: int64 (k,) each, k >= 1; equal beginnings are stored once.
    """
    builder = _Builder(prompt, replies)
    builder.grow(0, list(range(len(replies))), 0)
    return builder.packed()


class _Builder:
    def __init__(self, prompt: EncodedPrompt, replies: Sequence[np.ndarray]) -> None:
        self.replies = replies
        self.prompt = prompt
        self.cursor = len(prompt.ids)
        self.segments = [Segment(0, self.cursor, -1)]
        self.ids = [prompt.ids]
        self.depths: list[np.ndarray] = []
        self.predict_at: list[np.ndarray] = []
        self.subtree_ends = [0]
        self.paths: list[list[np.ndarray]] = [[] for _ in replies]

    def grow(self, parent: int, members: list[int], depth: int) -> None:
        """Append what the members say after `depth` tokens, below a segment; its depth is at most their number."""
        by_token: dict[int, list[int]] = {}
        for member in members:
            if len(self.replies[member]) > depth:
                by_token.setdefault(int(self.replies[member][depth]), []).append(member)
        for same in by_token.values():
            run = _common_run([self.replies[member][depth:] for member in same])
            index, begin = len(self.segments), self.cursor
            self.cursor += run
            self.segments.append(Segment(begin, self.cursor, parent))
            self.subtree_ends.append(0)
            self.ids.append(self.replies[same[0]][depth : depth + run])
            self.depths.append(np.arange(depth, depth + run))
            self.predict_at.append(np.concatenate([[self.segments[parent].end - 1], np.arange(begin, self.cursor - 1)]))
            for member in same:
                self.paths[member].append(np.arange(begin, self.cursor) - len(self.prompt.ids))
            self.grow(index, same, depth + run)
            self.subtree_ends[index] = self.cursor

    def packed(self) -> PackedTree:
        self.subtree_ends[0] = self.cursor
        first = int(self.prompt.positions.max()) + 1
        below = np.concatenate(self.depths) + first
        lengths = [segment.end - segment.begin for segment in self.segments]
        return PackedTree(
            ids=np.concatenate(self.ids),
            positions=np.concatenate([self.prompt.positions, np.broadcast_to(below, (3, len(below)))], axis=1),
            subtree_end=np.repeat(self.subtree_ends, lengths),
            predict_at=np.concatenate(self.predict_at),
            segments=tuple(self.segments),
            paths=tuple(np.concatenate(path) for path in self.paths),
        )


def _common_run(rows: Sequence[np.ndarray]) -> int:
    """How many leading tokens all rows share."""
    shortest = min(len(row) for row in rows)
    if len(rows) == 1:
        return shortest
    stacked = np.stack([row[:shortest] for row in rows])
    differ = np.flatnonzero((stacked != stacked[0]).any(axis=0))
    return int(differ[0]) if len(differ) else shortest
