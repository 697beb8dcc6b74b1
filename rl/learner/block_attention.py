"""Attention over packed trees in whole blocks, for CPUs: nothing is gathered for an ancestor, nothing is masked.

A segment's tokens see those of the segment before them (a causal block), and all of each ancestor. Rows are depth first, so that
all who see a segment whole, its descendants, are neighbours: one block without a mask, in which the segment's keys are read where
they lie. What blocks find for the same queries is put together by their softmaxes' normalisers, as in FlashAttention
(arXiv 2205.14135) between tiles and in ring attention (2310.01889) between devices; a block's gradient needs the whole row's
normaliser and output alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rl.learner.packed_row import Segment

SHORT = 64
"""Tokens up to which segments of like length are computed side by side, which takes copies but fewer calls."""
MOST_PADDED = 1.5
"""Query-key pairs that a call may compute, for each that is needed."""
_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True)
class Below:
    """Queries of a segment's descendants, over the segment's keys; columns of the row."""

    queries: slice
    keys: slice


@dataclass(frozen=True)
class SideBySide:
    """N short segments of like length, padded to n tokens, each over itself."""

    columns: torch.Tensor
    """int64 (N, n): where they lie; padding repeats a segment's last, so that no softmax is of another query's."""
    kept: torch.Tensor
    """bool (N, n): what is not padding."""
    own: torch.Tensor
    """int64 (k,): the columns of these."""


@dataclass(frozen=True)
class Blocks:
    """All that a row of L columns has to compute."""

    whole: tuple[slice, ...]
    """Columns of segments that are computed by themselves, each over itself."""
    beside: tuple[SideBySide, ...]
    below: tuple[Below, ...]


def blocks_of(segments: Sequence[Segment], device: torch.device) -> Blocks:
    """The blocks of a row that has these segments."""
    short = [segment for segment in segments if segment.end - segment.begin <= SHORT]
    ends = _subtree_ends(segments)
    return Blocks(
        whole=tuple(slice(segment.begin, segment.end) for segment in segments if segment.end - segment.begin > SHORT),
        beside=tuple(_side_by_side(like, device) for like in _of_like_length(short)),
        below=tuple(
            Below(slice(segment.end, end), slice(segment.begin, segment.end))
            for segment, end in zip(segments, ends, strict=True)
            if end > segment.end
        ),
    )


def attend_in_blocks(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocks: Blocks, scaling: float | None
) -> torch.Tensor:
    """Attention of one row: (1, heads, L, d) each, with as many heads for keys and values; returns (1, heads, L, d)."""
    found: torch.Tensor = _BlockAttention.apply(query, key, value, blocks, scaling)
    return found


class _BlockAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocks: Blocks, scaling: float | None
    ) -> torch.Tensor:
        batch, heads, width, size = query.shape
        out = query.new_zeros(batch, width, heads, size, dtype=torch.float32).transpose(1, 2)
        normaliser = query.new_zeros(batch, width, heads, dtype=torch.float32).transpose(1, 2)
        for own in blocks.whole:
            out[:, :, own], normaliser[:, :, own] = _forward(
                query[:, :, own], key[:, :, own], value[:, :, own], 0.0, True, scale=scaling
            )
        for beside in blocks.beside:
            parts = (_taken(part, beside) for part in (query, key, value))
            one, its = _forward(*parts, 0.0, True, scale=scaling)
            out.index_copy_(2, beside.own, _put_back(one, beside).float())
            normaliser.index_copy_(2, beside.own, _put_back(its[..., None], beside)[..., 0])
        for block in blocks.below:
            rows, keys = block.queries, block.keys
            one, its = _forward(query[:, :, rows], key[:, :, keys], value[:, :, keys], 0.0, False, scale=scaling)
            both = torch.logaddexp(normaliser[:, :, rows], its)
            out[:, :, rows].mul_((normaliser[:, :, rows] - both).exp_()[..., None]).add_(one * (its - both).exp_()[..., None])
            normaliser[:, :, rows] = both
        found = out.to(query.dtype)
        ctx.save_for_backward(query, key, value, found, normaliser)
        ctx.blocks, ctx.scaling = blocks, scaling
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, out, normaliser = ctx.saved_tensors
        blocks, scaling = ctx.blocks, ctx.scaling
        (gradient,) = gradients
        found = [torch.zeros_like(part) for part in (query, key, value)]
        for own in blocks.whole:
            parts = (part[:, :, own] for part in (gradient, query, key, value, out, normaliser))
            for whole, part in zip(found, _backward(*parts, 0.0, True, scale=scaling), strict=True):
                whole[:, :, own] = part
        for beside in blocks.beside:
            pulled = _taken(gradient, beside) * beside.kept[:, None, :, None]
            parts = (_taken(part, beside) for part in (query, key, value, out))
            its = _taken(normaliser[..., None], beside)[..., 0]
            for whole, part in zip(found, _backward(pulled, *parts, its, 0.0, True, scale=scaling), strict=True):
                whole.index_copy_(2, beside.own, _put_back(part, beside))
        for block in blocks.below:
            rows, keys = block.queries, block.keys
            of_rows = (part[:, :, rows] for part in (gradient, query))
            of_keys = (part[:, :, keys] for part in (key, value))
            merged = out[:, :, rows], normaliser[:, :, rows]
            places = (rows, keys, keys)
            of_block = _backward(*of_rows, *of_keys, *merged, 0.0, False, scale=scaling)
            for whole, part, place in zip(found, of_block, places, strict=True):
                whole[:, :, place] += part
        return (*found, None, None)


def _taken(part: torch.Tensor, beside: SideBySide) -> torch.Tensor:
    """(1, heads, L, d) -> (N, heads, n, d)."""
    _, heads, _, size = part.shape
    count, longest = beside.columns.shape
    return part[0].transpose(0, 1).index_select(0, beside.columns.flatten()).view(count, longest, heads, size).transpose(1, 2)


def _put_back(part: torch.Tensor, beside: SideBySide) -> torch.Tensor:
    """(N, heads, n, d) -> (1, heads, k, d), without padding."""
    return part.transpose(1, 2)[beside.kept].transpose(0, 1)[None]


def _subtree_ends(segments: Sequence[Segment]) -> list[int]:
    """The column after the last descendant of each segment."""
    ends = [segment.end for segment in segments]
    for place in reversed(range(len(segments))):
        parent = segments[place].parent
        if parent >= 0:
            ends[parent] = max(ends[parent], ends[place])
    return ends


def _of_like_length(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in as few calls as pad little."""
    found: list[list[Segment]] = []
    needed = 0
    for segment in sorted(segments, key=lambda segment: segment.end - segment.begin):
        length = segment.end - segment.begin
        if found and (len(found[-1]) + 1) * length**2 <= MOST_PADDED * (needed + length**2):
            found[-1].append(segment)
            needed += length**2
        else:
            found.append([segment])
            needed = length**2
    return found


def _side_by_side(segments: Sequence[Segment], device: torch.device) -> SideBySide:
    ends = np.array([segment.end for segment in segments])
    lengths = ends - np.array([segment.begin for segment in segments])
    step = np.arange(lengths.max())
    columns = np.minimum((ends - lengths)[:, None] + step, ends[:, None] - 1)
    kept = step < lengths[:, None]
    found = (torch.from_numpy(array).to(device) for array in (columns, kept, columns[kept]))
    return SideBySide(*found)
