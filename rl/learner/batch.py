"""Sequences -> the tensors of one forward pass.

The vision tower runs once for each distinct clip or image of a batch, a prompt once for all its replies, what replies have in
common once for all of them (`rl/learner/prefix_tree.py`), and logits are computed only where the loss needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rl.learner.balance import by_prompt
from rl.learner.prefix_tree import Segment, pack
from rollout.families import Pixels
from rollout.media import Medium
from rollout.prompts import EncodedPrompt


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
    """R right-padded rows of length L: sequences with the same prompt share a row and whatever else they share.

    They have N reply tokens in all, in sequence order, of which M are distinct and computed once.
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
    """int64 (M,): flat index into R x L of the position that predicts each distinct reply token."""
    targets: torch.Tensor
    """int64 (M,): the distinct reply tokens."""
    distinct: torch.Tensor
    """int64 (N,): which of the M each reply token is."""
    sequence_of: torch.Tensor
    """int64 (N,): which sequence each reply token belongs to."""
    pixel_values: torch.Tensor | None
    """float32 (patches, d) of all distinct media, or None where no sequence has one."""
    grids: torch.Tensor | None
    """int64 (media, 3)."""
    place_at: torch.Tensor
    """int64 (S,), ascending: flat index into R x L of each vision placeholder."""
    place_from: torch.Tensor
    """int64 (S,): which vision feature goes there."""
    segments: tuple[tuple[Segment, ...], ...]
    """Of each row."""
    sequences: int

    @property
    def branches(self) -> bool:
        """Whether some row holds more than one reply."""
        return any(len(row) > 2 for row in self.segments)

    def to(self, device: torch.device | str) -> TokenBatch:
        moved = {k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in self.__dict__.items()}
        return TokenBatch(**moved)


def make_batch(
    sequences: Sequence[TokenSequence],
    pixels: Mapping[Medium, Pixels],
    vision_tokens: Collection[int],
    merge: int,
    pad: int,
    share: bool = True,
) -> TokenBatch:
    """Pack, pad and index sequences.

    Args:
        sequences: at least one.
        pixels: the media that the prompts name.
        vision_tokens: ids of the placeholders whose embeddings come from the vision tower.
        merge: spatial merge size of the vision tower.
        pad: id to pad with; never attended to.
        share: False gives each sequence a row of its own: the plain form.
    """
    members = by_prompt(sequences) if share else [[index] for index in range(len(sequences))]
    trees = [pack(sequences[rows[0]].prompt, [sequences[i].reply for i in rows]) for rows in members]
    width = max(len(tree) for tree in trees)
    ids = np.full((len(trees), width), pad, dtype=np.int64)
    positions = np.zeros((3, len(trees), width), dtype=np.int64)
    mask = np.zeros((len(trees), width), dtype=np.int64)
    subtree_end = np.tile(np.arange(1, width + 1), (len(trees), 1))
    media = list(dict.fromkeys(medium for s in sequences for medium in s.prompt.media))
    features, total = {}, 0
    for medium in media:
        count = int(np.prod(pixels[medium].grid)) // merge**2
        features[medium] = np.arange(total, total + count)
        total += count
    predict_at, targets, place_at, place_from = [], [], [], []
    distinct: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(sequences)
    known = 0
    for row, (indices, tree) in enumerate(zip(members, trees, strict=True)):
        prompt, size = sequences[indices[0]].prompt, len(tree)
        ids[row, :size], positions[:, row, :size], subtree_end[row, :size] = tree.ids, tree.positions, tree.subtree_end
        mask[row, :size] = 1
        predict_at.append(row * width + tree.predict_at)
        targets.append(tree.ids[len(prompt.ids) :])
        for index, path in zip(indices, tree.paths, strict=True):
            distinct[index] = known + path
        known += len(tree.predict_at)
        if prompt.media:
            place_at.append(row * width + np.flatnonzero(np.isin(prompt.ids, list(vision_tokens))))
            place_from.append(np.concatenate([features[medium] for medium in prompt.media]))
    values = np.concatenate([pixels[medium].values for medium in media]) if media else None
    return TokenBatch(
        input_ids=torch.from_numpy(ids),
        position_ids=torch.from_numpy(positions),
        attention_mask=torch.from_numpy(mask),
        subtree_end=torch.from_numpy(subtree_end),
        predict_at=_flat(predict_at),
        targets=_flat(targets),
        distinct=_flat(distinct),
        sequence_of=torch.from_numpy(np.repeat(np.arange(len(sequences)), [len(s.reply) for s in sequences])),
        pixel_values=torch.from_numpy(values) if values is not None else None,
        grids=torch.tensor([pixels[medium].grid for medium in media]) if media else None,
        place_at=_flat(place_at),
        place_from=_flat(place_from),
        segments=tuple(tree.segments for tree in trees),
        sequences=len(sequences),
    )


@dataclass(frozen=True)
class Budget:
    """What a micro-batch may hold; a single sequence that needs more gets one of its own."""

    tokens: int
    """With padding."""
    targets: int = 2**31
    """Predicted tokens: each needs logits over the whole vocabulary."""

    def holds(self, tokens: int, targets: int) -> bool:
        return tokens <= self.tokens and targets <= self.targets


def packed_batches(sequences: Sequence[TokenSequence], budget: Budget, share: bool = True) -> list[list[int]]:
    """Split sequences into micro-batches within the budget; those that share a prompt together.

    A group that does not fit on its own is halved until it does. Returns lists of indices.
    """
    waiting = by_prompt(sequences) if share else [[index] for index in range(len(sequences))]
    units, lengths, targets = [], [], []
    while waiting:
        unit = waiting.pop()
        tree = pack(sequences[unit[0]].prompt, [sequences[i].reply for i in unit])
        if not budget.holds(len(tree), len(tree.predict_at)) and len(unit) > 1:
            waiting += [unit[: len(unit) // 2], unit[len(unit) // 2 :]]
        else:
            units.append(unit)
            lengths.append(len(tree))
            targets.append(len(tree.predict_at))
    return [[index for unit in batch for index in units[unit]] for batch in micro_batches(lengths, targets, budget)]


MOST_PADDING = 0.25
"""Share of a micro-batch that may be padding before a new one is begun."""


def micro_batches(lengths: Sequence[int], targets: Sequence[int], budget: Budget) -> list[list[int]]:
    """Split rows into batches within the budget (at least one row each).

    Rows of like length come together, and a batch ends where its padding would pass `MOST_PADDING`.
    Returns lists of indices.
    """
    batches: list[list[int]] = []
    held = predicted = 0
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        length = lengths[index]
        padded = (len(batches[-1]) + 1) * length if batches else 0
        fits = budget.holds(padded, predicted + targets[index])
        if batches and fits and held + length >= (1 - MOST_PADDING) * padded:
            batches[-1].append(index)
            held += length
            predicted += targets[index]
        else:
            batches.append([index])
            held, predicted = length, targets[index]
    return batches


def _flat(parts: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64))
