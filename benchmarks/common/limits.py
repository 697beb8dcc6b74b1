"""What these cores can do at best: measured, so that a time can stand beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch

_SECONDS = 0.3
"""Each measurement takes about so long."""


def matmul_flops(rows: int, inner: int, columns: int) -> float:
    """Floating-point operations a second of a float32 matrix product of this shape, once its operands are in the caches."""
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    out = torch.empty(rows, columns)
    return 2 * rows * inner * columns / _fastest(lambda: torch.mm(left, right, out=out))


def read_bytes(size: int) -> float:
    """Bytes a second at which memory is read, again and again the same `size` bytes: from a cache if one holds them."""
    numbers = torch.ones(max(1, size // 4))
    return 4 * numbers.numel() / _fastest(numbers.sum)


def copied_bytes(size: int) -> float:
    """Bytes a second that are copied from one place in memory to another."""
    source = torch.ones(size // 4)
    to = torch.empty_like(source)
    return size / _fastest(lambda: to.copy_(source))


def layer_shapes(config: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The matrix products of a decoder, by name: (inputs, outputs) of each token.

    Args:
        config: hidden, heads, kv_heads, intermediate and vocab of a tiny model.
    """
    hidden, width = config["hidden"], config["hidden"] // config["heads"]
    return {
        "attention, in": (hidden, hidden + 2 * width * config["kv_heads"]),
        "attention, out": (hidden, hidden),
        "feed-forward, in": (hidden, 2 * config["intermediate"]),
        "feed-forward, out": (config["intermediate"], hidden),
        "vocabulary": (hidden, config["vocab"]),
    }


def decoding_bytes(config: Mapping[str, int], sequences: int, context: float) -> int:
    """Bytes that a decoding step has to read, in float32: each weight of the decoder once, and the keys and values of each
    sequence's context."""
    shapes = layer_shapes(config)
    vocabulary = shapes.pop("vocabulary")
    weights = config["layers"] * sum(a * b for a, b in shapes.values()) + vocabulary[0] * vocabulary[1]
    width = config["hidden"] // config["heads"]
    return round(4 * (weights + 2 * config["layers"] * config["kv_heads"] * width * context * sequences))


def decoding_flops(config: Mapping[str, int], sequences: int) -> float:
    """Floating-point operations of a decoding step's matrix products."""
    shapes = layer_shapes(config)
    vocabulary = shapes.pop("vocabulary")
    return 2.0 * sequences * (config["layers"] * sum(a * b for a, b in shapes.values()) + vocabulary[0] * vocabulary[1])


def _fastest(call: Callable[[], object]) -> float:
    """Seconds of the fastest call."""
    call()
    seconds, ends = [], time.perf_counter() + _SECONDS
    while time.perf_counter() < ends or len(seconds) < 3:
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
