"""Weights that vLLM's linear layers on CPUs are packed from where they lie, without the copy that comes before.

vLLM's layerwise reload gives a layer fresh memory, copies its weights there, packs them, and frees that memory again. Where
the copy would only repeat what already lies in one piece, as in an image of the weights, the layer is packed from that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import torch
from vllm.model_executor.layers.linear import UnquantizedLinearMethod
from vllm.model_executor.model_loader.reload import layerwise, meta
from vllm.platforms import current_platform


class Copied(NamedTuple):
    """A copy that a loader makes into a layer's parameter."""

    begin: int
    """Where in the parameter, in elements."""
    to: torch.Tensor
    source: torch.Tensor


@contextmanager
def packed_in_place() -> Iterator[None]:
    """Within the block, layers that are reloaded are packed from where their weights lie, if they lie there in one piece.

    Whoever owns that memory must not change it before the block ends, and nothing of the layers refers to it afterwards: the
    packed weights are a copy, and vLLM then takes the parameter away (`remove_weight`).
    """
    if not current_platform.is_cpu():
        yield
        return
    copies: defaultdict[int, list[Copied]] = defaultdict(list)
    materialize = layerwise.materialize_layer

    class NotingCounter(meta.CopyCounter):
        """vLLM's counter of what loaders copy, which it lets copy into parameters without memory at first."""

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.ops.aten.copy_.default:
                copies[_storage(args[0])].append(Copied(args[0].storage_offset(), args[0], args[1]))
            return super().__torch_dispatch__(func, types, args, kwargs)

    def place(layer: torch.nn.Module, info: Any) -> None:
        if type(getattr(layer, "quant_method", None)) is UnquantizedLinearMethod:
            parameter: Any = layer.weight
            found = whole(parameter, copies[_storage(parameter)]) if parameter.is_meta else None
            if found is not None:
                found.__class__, found.__dict__ = parameter.__class__, parameter.__dict__.copy()
                layer.weight = found
        materialize(layer, info)

    counter = meta.CopyCounter
    meta.CopyCounter, layerwise.materialize_layer = NotingCounter, place  # type: ignore[misc]
    try:
        yield
    finally:
        meta.CopyCounter, layerwise.materialize_layer = counter, materialize  # type: ignore[misc]


def whole(parameter: torch.Tensor, copies: Sequence[Copied]) -> torch.Tensor | None:
    """The memory that already holds what copies would put into a parameter, as a view of its shape; None if there is none.

    Args:
        parameter: without memory, contiguous.
        copies: all that are made into it.
    """
    ordered = sorted(copies, key=lambda copied: copied.begin)
    if not ordered or not parameter.is_contiguous():
        return None
    first, end = ordered[0].source, 0
    if first.device.type != "cpu" or first.dtype != parameter.dtype:
        return None
    for begin, to, source in ordered:
        lies = (source.dtype, _storage(source), source.storage_offset()) == (
            first.dtype,
            _storage(first),
            first.storage_offset() + end,
        )
        if begin != end or not lies or not to.is_contiguous() or not source.is_contiguous() or to.shape != source.shape:
            return None
        end += source.numel()
    if end != parameter.numel():
        return None
    return first.as_strided((prod(parameter.shape),), (1,)).view(parameter.shape)


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata
