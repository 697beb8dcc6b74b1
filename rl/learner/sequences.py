"""What the learner reads: sequences of tokens, some of which it predicts. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rollout.media.medium import Medium
from rollout.prompts import TEXT, EncodedPrompt
from rollout.samples import TokenGroup


@dataclass(frozen=True)
class TokenSequence:
    """n tokens that are read one after the other."""

    ids: np.ndarray
    """int64 (n,)."""
    positions: np.ndarray
    """int64 (3, n): in time, height and width."""
    media: tuple[Medium, ...]
    """The videos and images in it, in order."""
    medium_at: np.ndarray
    """int64 (n,): which of `media` each token shows a part of; -1 for text."""
    targets: np.ndarray
    """bool (n,): which tokens are predicted; never the first."""

    def __len__(self) -> int:
        return len(self.ids)

    def keys(self, numbers: Mapping[Medium, int]) -> np.ndarray:
        """All that a token is computed from, together with those before it: int64 (n, 5).

        Args:
            numbers: a number for each medium, the same for all sequences that are compared.
        """
        shown = np.array([*(numbers[medium] for medium in self.media), TEXT])[self.medium_at]  # -1 takes the last
        return np.column_stack([self.ids, self.positions.T, shown])

    def features(self) -> np.ndarray:
        """Which of its medium's features each token takes, int64 (n,); 0 for text."""
        found = np.zeros(len(self), dtype=np.int64)
        for place in range(len(self.media)):
            shows = self.medium_at == place
            found[shows] = np.arange(np.count_nonzero(shows))
        return found


def sequences_of(groups: Sequence[TokenGroup]) -> list[TokenSequence]:
    """A sequence for each reply, counted through the groups: the prompt, then the reply, which is predicted."""
    return [_sequence(group.prompt, reply) for group in groups for reply in group.replies]


def _sequence(prompt: EncodedPrompt, reply: np.ndarray) -> TokenSequence:
    after = np.arange(len(reply)) + prompt.positions.max() + 1
    return TokenSequence(
        ids=np.concatenate([prompt.ids, reply]),
        positions=np.concatenate([prompt.positions, np.broadcast_to(after, (3, len(reply)))], axis=1),
        media=prompt.media,
        medium_at=np.concatenate([prompt.medium_at, np.full(len(reply), TEXT)]),
        targets=np.arange(len(prompt.ids) + len(reply)) >= len(prompt.ids),
    )
