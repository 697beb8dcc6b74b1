"""Attention in which a token sees exactly its ancestors, as a transformers attention implementation.

A row holds prefix trees (`rl/learner/packed_row.py`), depth first, so that one number per token says all: query q sees
key k if k <= q < subtree_end[k]. Three ways to compute the same thing:

- `dense`: one call of PyTorch's attention with a boolean mask.
- `depths`: a call for segments that lie equally deep and are of like length, side by side, each over its ancestors and itself;
  computes no block between siblings or trees. For CPUs.
- `flex`: FlexAttention with a block mask; skips blocks between siblings on GPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from rl.learner.packed_row import Segment

NAME = "prefix_tree"
Backend = Literal["dense", "depths", "flex"]


@dataclass(frozen=True)
class TreeMask:
    """Who sees whom in B packed rows of L columns."""

    backend: Backend
    mask: Any
    """bool (B, 1, L, L) for `dense`, a BlockMask for `flex`, `Side`s for `depths`."""


@dataclass(frozen=True)
class Side:
    """N segments that lie equally deep, padded to one length and gathered from B rows of L columns, flat."""

    queries: torch.Tensor
    """int64 (N, q): columns of the segments."""
    keys: torch.Tensor
    """int64 (N, k): columns of each one's ancestors and itself, first to last."""
    visible: torch.Tensor | None
    """bool (N, 1, q, k); None at depth 0, where keys are the queries and attention is causal."""
    kept: torch.Tensor
    """int64 (n,): which of the N x q are columns, and not padding."""
    columns: torch.Tensor
    """int64 (n,): these columns."""


def tree_mask(subtree_end: torch.Tensor, segments: Sequence[tuple[Segment, ...]], backend: Backend | None = None) -> TreeMask:
    """Prepare attention over packed rows.

    Args:
        subtree_end: int64 (B, L); a padding column's is the column after it.
        segments: those of each row.
        backend: None takes the best for the device.
    """
    if backend is None:
        backend = "flex" if subtree_end.device.type == "cuda" else "depths"
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
    sides = [side for deep in _by_depth(segments, width) for side in _of_like_length(deep)]
    return TreeMask(backend, tuple(_side(members, subtree_end.device) for members in sides))


_Placed = tuple[np.ndarray, np.ndarray]
"""Of a segment: its own columns, and those of its ancestors and itself, first to last."""
MOST_PADDED = 1.5
"""Query-key pairs that a call may compute, for each that is needed."""


def _by_depth(segments: Sequence[tuple[Segment, ...]], width: int) -> list[list[_Placed]]:
    """The segments of all rows, by how deep they lie."""
    found: dict[int, list[_Placed]] = {}
    for row, tree in enumerate(segments):
        depths: list[int] = []
        paths: list[np.ndarray] = []
        for segment in tree:
            own = row * width + np.arange(segment.begin, segment.end)
            above = segment.parent >= 0
            depths.append(depths[segment.parent] + 1 if above else 0)
            paths.append(np.concatenate([paths[segment.parent], own]) if above else own)
            found.setdefault(depths[-1], []).append((own, paths[-1]))
    return list(found.values())


def _of_like_length(members: Sequence[_Placed]) -> list[list[_Placed]]:
    """Segments in as few calls as pad little."""
    found: list[list[_Placed]] = []
    needed = longest_own = longest_path = 0
    for own, path in sorted(members, key=lambda placed: (len(placed[1]), len(placed[0]))):
        pairs = len(own) * len(path)
        longest_own, longest_path = max(longest_own, len(own)), max(longest_path, len(path))
        if found and (len(found[-1]) + 1) * longest_own * longest_path <= MOST_PADDED * (needed + pairs):
            found[-1].append((own, path))
            needed += pairs
        else:
            found.append([(own, path)])
            needed, longest_own, longest_path = pairs, len(own), len(path)
    return found


def _side(members: Sequence[_Placed], device: torch.device) -> Side:
    """Segments side by side, padded."""
    own, path = (np.array([len(member[part]) for member in members]) for part in (0, 1))
    queries, keys = np.zeros((len(members), own.max()), np.int64), np.zeros((len(members), path.max()), np.int64)
    for number, (columns, ancestry) in enumerate(members):
        queries[number, : len(columns)] = columns
        keys[number, : len(ancestry)] = ancestry
    step = np.arange(queries.shape[1])
    # a padded query sees the first key, since a softmax over nothing is not a number
    last = np.where(step < own[:, None], (path - own)[:, None] + step, 0)
    visible = np.arange(keys.shape[1]) <= last[..., None]
    kept = np.flatnonzero(step < own[:, None])
    whole = bool((path == own).all())

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(device)

    return Side(
        tensor(queries), tensor(keys), None if whole else tensor(visible[:, None]), tensor(kept), tensor(queries.flat[kept])
    )


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
        if tree.backend == "dense":
            key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
            out = scaled_dot_product_attention(query, key, value, tree.mask, dropout, scale=scaling)
        else:
            out = _side_by_side(query, key, value, tree.mask, groups, scaling)
    return out.transpose(1, 2).contiguous(), None


def install(language_model: Any) -> None:
    """Have a transformers language model use this attention; without a `TreeMask` it does what `sdpa` does."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    language_model.config._attn_implementation = NAME


def _side_by_side(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, sides: Sequence[Side], groups: int, scaling: float | None
) -> torch.Tensor:
    batch, _, width, _ = query.shape
    q, k, v = (part.transpose(1, 2).flatten(0, 1) for part in (query, key, value))  # (B L, heads, d)
    done = []
    for side in sides:
        mine = _gathered(q, side.queries)
        seen, told = (_gathered(part, side.keys).repeat_interleave(groups, dim=1) for part in (k, v))
        out = scaled_dot_product_attention(mine, seen, told, side.visible, is_causal=side.visible is None, scale=scaling)
        done.append(out.transpose(1, 2).flatten(0, 1).index_select(0, side.kept))
    columns = torch.cat([side.columns for side in sides])
    whole = torch.zeros_like(q).index_copy(0, columns, torch.cat(done))  # padding stays 0
    return whole.view(batch, width, *q.shape[1:]).transpose(1, 2)


def _gathered(flat: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """(columns, heads, d), int64 (N, n) -> (N, heads, n, d); index_select, since indexing's backward is slow on CPUs."""
    return flat.index_select(0, columns.flatten()).view(*columns.shape, *flat.shape[1:]).transpose(1, 2)


def _flex(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, scaling: float | None) -> torch.Tensor:
    return _compiled_flex()(query, key, value, block_mask=mask, scale=scaling, enable_gqa=query.shape[1] != key.shape[1])


_COMPILED: list[Any] = []


def _compiled_flex() -> Any:
    """FlexAttention is only fast, and only skips blocks, when compiled; compiled once a process."""
    from torch.nn.attention.flex_attention import flex_attention

    if not _COMPILED:
        _COMPILED.append(torch.compile(flex_attention, dynamic=True))
    return _COMPILED[0]
