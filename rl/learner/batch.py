"""Groups of tokens -> the tensors of one forward pass.

The vision tower runs once for each distinct clip or image of a batch, a prompt once for all its replies, what replies have in
common once for all of them (`rl/learner/prefix_tree.py`), and logits are computed only where the loss needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rl.learner.prefix_tree import PackedTree, Segment, pack
from rollout.families import Pixels
from rollout.media.medium import Medium
from rollout.prompts import EncodedPrompt
from rollout.samples import TokenGroup


@dataclass(frozen=True)
class PackedRow:
    """Replies to one prompt in one row, packed once: to be measured, and to be put into a batch."""

    prompt: EncodedPrompt
    tree: PackedTree
    members: tuple[int, ...]
    """Which replies of all groups these are, counted through the groups."""


@dataclass(frozen=True)
class TokenBatch:
    """R right-padded rows of length L: replies to the same prompt share a row and whatever else they share.

    A prompt with one of its replies is a sequence. The sequences have N reply tokens in all, in sequence order, of which M are
    distinct and computed once.
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
    """int64 (media, 3): patches of each medium in time, height and width."""
    place_at: torch.Tensor
    """int64 (S,), ascending: flat index into R x L of each vision placeholder."""
    place_from: torch.Tensor
    """int64 (S,): which vision feature goes there."""
    segments: tuple[tuple[Segment, ...], ...]
    """The segments of each row."""
    members: tuple[int, ...]
    """For each sequence, the place of its reply among all that were packed."""

    @property
    def sequences(self) -> int:
        """Number of sequences."""
        return len(self.members)

    @property
    def branches(self) -> bool:
        """Whether some row holds more than one reply."""
        return any(len(row) > 2 for row in self.segments)

    def to(self, device: torch.device | str) -> TokenBatch:
        """The batch with its tensors on a device."""
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in self.__dict__.items()}
        return TokenBatch(**moved)


@dataclass(frozen=True)
class Budget:
    """What a micro-batch may hold; a single sequence that needs more gets one of its own."""

    tokens: int
    """Tokens of all rows, padding included."""
    targets: int = 2**31
    """Predicted tokens: each needs logits over the whole vocabulary."""

    def holds(self, tokens: int, targets: int) -> bool:
        """Whether so many padded tokens, of which `targets` are predicted, fit."""
        return tokens <= self.tokens and targets <= self.targets


def pack_rows(groups: Sequence[TokenGroup], budget: Budget, share: bool = True) -> list[PackedRow]:
    """Pack groups into rows, in order; one that does not fit the budget on its own is halved until it does.

    Args:
        groups: groups with different prompts; groups with equal prompts share nothing unless they are joined first.
        budget: what a micro-batch may hold.
        share: False gives each reply a row of its own: the plain form.
    """
    rows, first = [], 0
    for group in groups:
        places = range(first, first + len(group.replies))
        first = places.stop
        waiting = [list(places)] if share else [[place] for place in reversed(places)]
        while waiting:
            members = waiting.pop()
            tree = pack(group.prompt, [group.replies[place - places.start] for place in members])
            if not budget.holds(len(tree), len(tree.predict_at)) and len(members) > 1:
                waiting += [members[len(members) // 2 :], members[: len(members) // 2]]
            else:
                rows.append(PackedRow(group.prompt, tree, tuple(members)))
    return rows


def make_batch(
    rows: Sequence[PackedRow], pixels: Mapping[Medium, Pixels], vision_tokens: Collection[int], merge: int, pad: int
) -> TokenBatch:
    """Pad and index rows.

    Args:
        rows: one or more packed rows.
        pixels: the media that the prompts name.
        vision_tokens: ids of the placeholders whose embeddings come from the vision tower.
        merge: spatial merge size of the vision tower.
        pad: id to pad with; never attended to.
    """
    trees = [row.tree for row in rows]
    width = max(len(tree) for tree in trees)
    ids = np.full((len(trees), width), pad, dtype=np.int64)
    positions = np.zeros((3, len(trees), width), dtype=np.int64)
    mask = np.zeros((len(trees), width), dtype=np.int64)
    subtree_end = np.tile(np.arange(1, width + 1), (len(trees), 1))
    media = list(dict.fromkeys(medium for row in rows for medium in row.prompt.media))
    features, total = {}, 0
    for medium in media:
        count = int(np.prod(pixels[medium].grid.patches)) // merge**2
        features[medium] = np.arange(total, total + count)
        total += count
    predict_at, targets, place_at, place_from = [], [], [], []
    paths: list[np.ndarray] = []
    known = 0
    for number, row in enumerate(rows):
        prompt, tree, size = row.prompt, row.tree, len(row.tree)
        ids[number, :size], positions[:, number, :size], subtree_end[number, :size] = tree.ids, tree.positions, tree.subtree_end
        mask[number, :size] = 1
        predict_at.append(number * width + tree.predict_at)
        targets.append(tree.ids[len(prompt.ids) :])
        paths += [known + path for path in tree.paths]
        known += len(tree.predict_at)
        if prompt.media:
            place_at.append(number * width + np.flatnonzero(np.isin(prompt.ids, list(vision_tokens))))
            place_from.append(np.concatenate([features[medium] for medium in prompt.media]))
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
        pixel_values=torch.from_numpy(values) if values is not None else None,
        grids=torch.tensor([pixels[medium].grid.patches for medium in media]) if media else None,
        place_at=_flat(place_at),
        place_from=_flat(place_from),
        segments=tuple(tree.segments for tree in trees),
        members=tuple(member for row in rows for member in row.members),
    )


MOST_PADDING = 0.25
"""Share of a micro-batch that may be padding before a new one is begun."""


def micro_batches(rows: Sequence[PackedRow], budget: Budget) -> list[list[PackedRow]]:
    """Split rows into batches within the budget (at least one row each).

    Rows of like length come together, and a batch ends where its padding would pass `MOST_PADDING`.
    """
    batches: list[list[PackedRow]] = []
    held = predicted = 0
    for row in sorted(rows, key=lambda row: len(row.tree)):
        length, targets = len(row.tree), len(row.tree.predict_at)
        padded = (len(batches[-1]) + 1) * length if batches else 0
        fits = budget.holds(padded, predicted + targets)
        if batches and fits and held + length >= (1 - MOST_PADDING) * padded:
            batches[-1].append(row)
            held += length
            predicted += targets
        else:
            batches.append([row])
            held, predicted = length, targets
    return batches


def _flat(arrays: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64))
