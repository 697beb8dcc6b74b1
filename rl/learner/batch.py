"""Packed rows -> the tensors of one forward pass.

The vision tower runs once for each distinct clip or image of a batch, what sequences begin with alike once for all of them
(`rl/learner/prefix_tree.py`), and logits are computed only where the loss needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rl.learner.packed_row import PackedRow, Segment
from rollout.families import Pixels
from rollout.media.medium import Medium


@dataclass(frozen=True)
class TokenBatch:
    """R right-padded rows of length L, in which sequences share what they begin with.

    The sequences have N predicted tokens in all, in sequence order, of which M are distinct and computed once.
    """

    input_ids: torch.Tensor
    """int64 (R, L)."""
    position_ids: torch.Tensor
    """int64 (3, R, L)."""
    attention_mask: torch.Tensor
    """int64 (R, L): 1 for tokens, 0 for padding."""
    subtree_end: torch.Tensor
    """int64 (R, L): the column after the last token that sees this one; padding is seen by itself only."""
    predict_at: torch.Tensor
    """int64 (M,): flat index into R x L of the position that predicts each distinct target."""
    targets: torch.Tensor
    """int64 (M,): the distinct targets."""
    distinct: torch.Tensor
    """int64 (N,): which of the M each predicted token is."""
    sequence_of: torch.Tensor
    """int64 (N,): which sequence each predicted token belongs to."""
    media: tuple[Medium, ...]
    """Distinct, in the order of `grids`."""
    pixel_values: torch.Tensor | None
    """float32 (patches, d) of all distinct media, or None where no sequence has one."""
    grids: torch.Tensor | None
    """int64 (media, 3): patches of each medium in time, height and width."""
    place_at: torch.Tensor
    """int64 (S,), ascending: flat index into R x L of each vision placeholder."""
    place_from: torch.Tensor
    """int64 (S,): which vision feature goes there."""
    segments: tuple[tuple[Segment, ...], ...]
    """The segments of each row."""
    members: tuple[int, ...]
    """For each sequence, its place among all that were packed."""

    @property
    def sequences(self) -> int:
        """Number of sequences."""
        return len(self.members)

    @property
    def branches(self) -> bool:
        """Whether some row holds more than one run of tokens, so that not every token sees all before it."""
        return any(len(row) > 1 for row in self.segments)

    def to(self, device: torch.device | str) -> TokenBatch:
        """The batch with its tensors on a device."""
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in self.__dict__.items()}
        return TokenBatch(**moved)


def make_batch(rows: Sequence[PackedRow], pixels: Mapping[Medium, Pixels], merge: int, pad: int) -> TokenBatch:
    """Pad and index rows.

    Args:
        rows: one or more packed rows.
        pixels: the media that they show.
        merge: spatial merge size of the vision tower.
        pad: id to pad with; never attended to.
    """
    width = max(map(len, rows))
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    positions = np.zeros((3, len(rows), width), dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    subtree_end = np.tile(np.arange(1, width + 1), (len(rows), 1))
    media = tuple(dict.fromkeys(medium for row in rows for medium in row.media))
    counts = [int(np.prod(pixels[medium].grid.patches)) // merge**2 for medium in media]
    first_feature = dict(zip(media, np.cumsum([0, *counts]).tolist(), strict=False))
    predict_at, targets, place_at, place_from = [], [], [], []
    paths: list[np.ndarray] = []
    known = 0
    for number, row in enumerate(rows):
        size = len(row)
        ids[number, :size], positions[:, number, :size], subtree_end[number, :size] = row.ids, row.positions, row.subtree_end
        mask[number, :size] = 1
        predict_at.append(number * width + row.predict_at)
        targets.append(row.ids[row.target_at])
        paths += [known + path for path in row.paths]
        known += len(row.target_at)
        if row.media:
            place_at.append(number * width + row.place_at)
            first = np.array([first_feature[medium] for medium in row.media])
            place_from.append(first[row.place_medium] + row.place_feature)
    values = np.concatenate([pixels[medium].values for medium in media]) if media else None
    return TokenBatch(
        input_ids=torch.from_numpy(ids),
        position_ids=torch.from_numpy(positions),
        attention_mask=torch.from_numpy(mask),
        subtree_end=torch.from_numpy(subtree_end),
        predict_at=_flat(predict_at),
        targets=_flat(targets),
        distinct=_flat(paths),
        sequence_of=torch.from_numpy(np.repeat(np.arange(len(paths)), [len(path) for path in paths])),
        media=media,
        pixel_values=torch.from_numpy(values) if values is not None else None,
        grids=torch.tensor([pixels[medium].grid.patches for medium in media]) if media else None,
        place_at=_flat(place_at),
        place_from=_flat(place_from),
        segments=tuple(row.segments for row in rows),
        members=tuple(member for row in rows for member in row.members),
    )


def _flat(arrays: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64))
