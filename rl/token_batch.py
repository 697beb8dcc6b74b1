"""Sequences -> the tensors of one forward pass.

The vision tower runs once for each distinct clip of a batch, however many sequences share it, and logits
are computed only at the positions that the loss needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rollout.prompts import EncodedPrompt, Pixels


@dataclass(frozen=True)
class TokenSequence:
    """A prompt and one reply to it. The loss is on the reply's tokens."""

    prompt: EncodedPrompt
    reply: np.ndarray
    """int64 (k,), k >= 1."""

    def __len__(self) -> int:
        return len(self.prompt.ids) + len(self.reply)


@dataclass(frozen=True)
class TokenBatch:
    """B right-padded sequences of length L with N reply tokens in all, in sequence order."""

    input_ids: torch.Tensor
    """int64 (B, L)."""
    position_ids: torch.Tensor
    """int64 (3, B, L)."""
    attention_mask: torch.Tensor
    """int64 (B, L): 1 for tokens, 0 for padding."""
    predict_at: torch.Tensor
    """int64 (N,): flat index into B x L of the position that predicts each reply token."""
    targets: torch.Tensor
    """int64 (N,): the reply tokens."""
    sequence_of: torch.Tensor
    """int64 (N,): which sequence each reply token belongs to."""
    pixel_values: torch.Tensor | None
    """float32 (patches, d) of all distinct clips, or None where no sequence has one."""
    grids: torch.Tensor | None
    """int64 (clips, 3)."""
    place_at: torch.Tensor
    """int64 (S,): flat index into B x L of each video placeholder."""
    place_from: torch.Tensor
    """int64 (S,): which vision feature goes there."""

    def to(self, device: torch.device | str) -> TokenBatch:
        moved = {k: v.to(device) if v is not None else None for k, v in self.__dict__.items()}
        return TokenBatch(**moved)


def make_batch(
    sequences: Sequence[TokenSequence], pixels: Mapping[str, Pixels], video_token: int, merge: int, pad: int
) -> TokenBatch:
    """Pad and index sequences.

    Args:
        sequences: at least one.
        pixels: the clips that the prompts name.
        video_token: id of the video placeholder.
        merge: spatial merge size of the vision tower.
        pad: id to pad with; never attended to.
    """
    rows, width = len(sequences), max(len(s) for s in sequences)
    ids = np.full((rows, width), pad, dtype=np.int64)
    positions = np.zeros((3, rows, width), dtype=np.int64)
    mask = np.zeros((rows, width), dtype=np.int64)
    predict_at, place_at, place_from = [], [], []
    clip_keys = list(dict.fromkeys(key for s in sequences for key in s.prompt.clips))
    features, total = {}, 0
    for key in clip_keys:
        count = int(np.prod(pixels[key].grid)) // merge**2
        features[key] = np.arange(total, total + count)
        total += count
    for i, s in enumerate(sequences):
        n, k = len(s.prompt.ids), len(s.reply)
        ids[i, :n], ids[i, n : n + k] = s.prompt.ids, s.reply
        positions[:, i, :n] = s.prompt.positions
        positions[:, i, n : n + k] = s.prompt.positions.max() + 1 + np.arange(k)
        mask[i, : n + k] = 1
        predict_at.append(i * width + np.arange(n - 1, n + k - 1))
        if s.prompt.clips:
            place_at.append(i * width + np.flatnonzero(s.prompt.ids == video_token))
            place_from.append(np.concatenate([features[key] for key in s.prompt.clips]))
    values = np.concatenate([pixels[key].values for key in clip_keys]) if clip_keys else None
    return TokenBatch(
        input_ids=torch.from_numpy(ids),
        position_ids=torch.from_numpy(positions),
        attention_mask=torch.from_numpy(mask),
        predict_at=_flat(predict_at),
        targets=_flat([s.reply for s in sequences]),
        sequence_of=torch.from_numpy(np.repeat(np.arange(rows), [len(s.reply) for s in sequences])),
        pixel_values=torch.from_numpy(values) if values is not None else None,
        grids=torch.tensor([pixels[key].grid for key in clip_keys]) if clip_keys else None,
        place_at=_flat(place_at),
        place_from=_flat(place_from),
    )


MOST_PADDING = 0.25
"""Share of a micro-batch that may be padding before a new one is begun."""


def micro_batches(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Split sequences into batches of at most `token_budget` padded tokens (at least one sequence each).

    Sequences of like length come together, and a batch ends where its padding would pass `MOST_PADDING`.
    Returns lists of indices.
    """
    batches: list[list[int]] = []
    held = 0
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        length = lengths[index]
        padded = (len(batches[-1]) + 1) * length if batches else 0
        if batches and padded <= token_budget and held + length >= (1 - MOST_PADDING) * padded:
            batches[-1].append(index)
            held += length
        else:
            batches.append([index])
            held = length
    return batches


def _flat(parts: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64))
