"""Attention in which a token sees exactly its ancestors, as a transformers attention implementation.

A row is a packed prefix tree (`rl/prefix_tree.py`), depth first, so that one number per token says all: query q sees
key k if k <= q < subtree_end[k]. Three ways to compute the same thing:

- `dense`: one call of PyTorch's attention with a boolean mask; best for short rows, where calls cost more than blocks.
- `segments`: one call a segment, over its ancestors and itself; computes no block between siblings. For CPUs.
- `flex`: FlexAttention with a block mask; skips blocks between siblings on GPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from rl.prefix_tree import Segment

NAME = "prefix_tree"
LONGEST_DENSE = 768
"""Columns up to which one masked call beats a call for each segment on CPUs (measured, docs/benchmarks.md)."""

Backend = Literal["dense", "segments", "flex"]


@dataclass(frozen=True)
class TreeMask:
    """Who sees whom in B packed rows of L columns."""

    backend: Backend
    segments: tuple[tuple[Segment, ...], ...]
    """By row."""
    mask: Any
    """bool (B, 1, L, L) for `dense`, a BlockMask for `flex`, None for `segments`."""


def tree_mask(subtree_end: torch.Tensor, segments: Sequence[tuple[Segment, ...]], backend: Backend | None = None) -> TreeMask:
    """Prepare attention over packed rows.

    Args:
        subtree_end: int64 (B, L); a padding column's is the column after it.
        segments: by row.
        backend: the best for the device and the length if None.
    """
    if backend is None:
        on_gpu = subtree_end.device.type == "cuda"
        backend = "flex" if on_gpu else "dense" if subtree_end.shape[1] <= LONGEST_DENSE else "segments"
    if backend == "dense":
        column = torch.arange(subtree_end.shape[1], device=subtree_end.device)
        visible = (column[None, None, :] <= column[None, :, None]) & (column[None, :, None] < subtree_end[:, None, :])
        return TreeMask(backend, tuple(segments), visible[:, None])
    if backend == "flex":
        from torch.nn.attention.flex_attention import create_block_mask

        def sees(b: torch.Tensor, h: torch.Tensor, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
            return (k <= q) & (q < subtree_end[b, k])

        rows, width = subtree_end.shape
        return TreeMask(backend, tuple(segments), create_block_mask(sees, rows, None, width, width, subtree_end.device.type))
    return TreeMask(backend, tuple(segments), None)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    tree: TreeMask | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """transformers' attention interface: (B, heads, L, d) in, (B, L, heads, d) out.

    `tree` is a keyword of the language model's forward call, which hands on what it does not know itself.
    """
    if tree is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more)
    if tree.backend == "flex":
        out = _flex(query, key, value, tree.mask, scaling)
    else:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
        if tree.backend == "dense":
            out = scaled_dot_product_attention(query, key, value, tree.mask, dropout, scale=scaling)
        else:
            out = _by_segments(query, key, value, tree.segments, scaling)
    return out.transpose(1, 2).contiguous(), None


def install(language_model: torch.nn.Module) -> None:
    """Have a transformers language model use this attention; without a `TreeMask` it does what `sdpa` does."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    language_model.config._attn_implementation = NAME


def _by_segments(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rows: Sequence[tuple[Segment, ...]],
    scaling: float | None,
) -> torch.Tensor:
    done = []
    width = query.shape[2]
    for row, segments in enumerate(rows):
        q, k, v = query[row : row + 1], key[row : row + 1], value[row : row + 1]
        parts = []
        for segment in segments:
            spans = _ancestry(segments, segment)
            own = slice(segment.begin, segment.end)
            if segment.parent < 0:
                mine = (q[:, :, own], k[:, :, own], v[:, :, own])
                parts.append(scaled_dot_product_attention(*mine, is_causal=True, scale=scaling))
                continue
            seen = torch.cat([k[:, :, begin:end] for begin, end in spans], dim=2)
            told = torch.cat([v[:, :, begin:end] for begin, end in spans], dim=2)
            length, keys = segment.end - segment.begin, seen.shape[2]
            visible = torch.ones(length, keys, dtype=torch.bool, device=q.device).tril(keys - length)
            parts.append(scaled_dot_product_attention(q[:, :, own], seen, told, visible, scale=scaling))
        end = segments[-1].end
        if end < width:
            parts.append(torch.zeros_like(q[:, :, end:]))
        done.append(torch.cat(parts, dim=2))
    return torch.cat(done)


def _ancestry(segments: Sequence[Segment], segment: Segment) -> list[tuple[int, int]]:
    """Column spans of a segment's ancestors and itself, first to last; neighbours joined."""
    spans: list[tuple[int, int]] = []
    while True:
        if spans and spans[0][0] == segment.end:
            spans[0] = (segment.begin, spans[0][1])
        else:
            spans.insert(0, (segment.begin, segment.end))
        if segment.parent < 0:
            return spans
        segment = segments[segment.parent]


def _flex(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, scaling: float | None) -> torch.Tensor:
    return _compiled_flex()(query, key, value, block_mask=mask, scale=scaling, enable_gqa=query.shape[1] != key.shape[1])


_COMPILED: list[Any] = []


def _compiled_flex() -> Any:
    """FlexAttention is only fast, and only skips blocks, when compiled; compiled once a process."""
    from torch.nn.attention.flex_attention import flex_attention

    if not _COMPILED:
        _COMPILED.append(torch.compile(flex_attention, dynamic=True))
    return _COMPILED[0]
