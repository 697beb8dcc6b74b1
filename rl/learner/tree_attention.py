"""Attention in which a token sees exactly its ancestors, as a transformers attention implementation.

A row holds prefix trees (`rl/learner/packed_row.py`), depth first, so that one number per token says all: query q sees
key k if k <= q < subtree_end[k]. Three ways to compute the same thing:

- `dense`: one call of PyTorch's attention with a boolean mask.
- `blocks`: whole blocks of PyTorch's attention for CPUs (`rl/learner/block_attention.py`), none between siblings or trees.
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

from rl.learner.block_attention import attend_in_blocks, blocks_of
from rl.learner.packed_row import Segment

NAME = "prefix_tree"
Backend = Literal["dense", "blocks", "flex"]


@dataclass(frozen=True)
class TreeMask:
    """Who sees whom in B packed rows of L columns."""

    backend: Backend
    mask: Any
    """bool (B, 1, L, L) for `dense`, a BlockMask for `flex`, `Blocks` for `blocks`, of one row."""


def tree_mask(subtree_end: torch.Tensor, segments: Sequence[tuple[Segment, ...]], backend: Backend | None = None) -> TreeMask:
    """Prepare attention over packed rows.

    Args:
        subtree_end: int64 (B, L); a padding column's is the column after it.
        segments: those of each row.
        backend: None takes the best for the device.
    """
    if backend is None:
        backend = "flex" if subtree_end.device.type == "cuda" else "blocks"
    rows, width = subtree_end.shape
    if backend == "dense":
        column = torch.arange(width, device=subtree_end.device)
        visible = (column[None, None, :] <= column[None, :, None]) & (column[None, :, None] < subtree_end[:, None, :])
        return TreeMask(backend, visible[:, None])
    if backend == "flex":
        from torch.nn.attention.flex_attention import create_block_mask

        def sees(b: torch.Tensor, h: torch.Tensor, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
            return (k <= q) & (q < subtree_end[b, k])

        # compiled, it holds no L x L mask in memory
        return TreeMask(backend, create_block_mask(sees, rows, None, width, width, subtree_end.device.type, _compile=True))
    if rows > 1:
        raise ValueError(f"blocks are of one row; the batch has {rows}")
    return TreeMask(backend, blocks_of(segments[0], subtree_end.device))


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
    elif tree.backend == "dense":
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
        out = scaled_dot_product_attention(query, key, value, tree.mask, dropout, scale=scaling)
    else:
        out = attend_in_blocks(query, key, value, tree.mask, scaling)
    return out.transpose(1, 2).contiguous(), None


def install(language_model: Any) -> None:
    """Have a transformers language model use this attention; without a `TreeMask` it does what `sdpa` does."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    language_model.config._attn_implementation = NAME


def _flex(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, scaling: float | None) -> torch.Tensor:
    return _compiled_flex()(query, key, value, block_mask=mask, scale=scaling, enable_gqa=query.shape[1] != key.shape[1])


_COMPILED: list[Any] = []


def _compiled_flex() -> Any:
    """FlexAttention is only fast, and only skips blocks, when compiled; compiled once a process."""
    from torch.nn.attention.flex_attention import flex_attention

    if not _COMPILED:
        _COMPILED.append(torch.compile(flex_attention, dynamic=True))
    return _COMPILED[0]
