"""All weights by broadcast, from learner rank 0 to the engines' processes: over NCCL between GPUs, over gloo between CPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from math import prod

import torch
from torch.distributed import BroadcastOptions, ProcessGroupGloo, TCPStore

BUCKET_BYTES = 2**28

Shapes = Mapping[str, tuple[int, ...]]
"""Of all tensors, by name, in the order in which they are sent."""


def open_store(address: str, timeout: float) -> TCPStore:
    """Where a group meets, in this process, on a free port of this node.

    Args:
        address: of this node, as the others reach it.
        timeout: seconds that anybody waits for anybody.
    """
    return TCPStore(address, 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=timeout))


def find_store(address: str, port: int, timeout: float) -> TCPStore:
    """What `open_store` opened in another process."""
    return TCPStore(address, port, is_master=False, timeout=timedelta(seconds=timeout))


class WeightGroup:
    """Rank 0 sends, all others receive. It stands beside whatever other groups these processes are in."""

    def __init__(self, store: TCPStore, rank: int, size: int, device: torch.device, timeout: float) -> None:
        """Meet the others. gloo waits for them here and NCCL in the first broadcast; both raise `RuntimeError` after `timeout`.

        Args:
            store: where they meet.
            rank: of this process.
            size: of the group.
            device: where weights are sent from and received to; the same kind for all, and no GPU twice.
            timeout: seconds that a broadcast may take.
        """
        self.device = device
        waits = timedelta(seconds=timeout)
        if device.type == "cuda":
            from torch.distributed import ProcessGroupNCCL

            options = ProcessGroupNCCL.Options()
            options._timeout = waits
            self._group = ProcessGroupNCCL(store, rank, size, options)
        else:
            self._group = ProcessGroupGloo(store, rank, size, waits)

    def send(self, weights: Iterable[tuple[str, torch.Tensor]], shapes: Shapes, dtype: torch.dtype) -> None:
        """Send every tensor, as `dtype`.

        Raises:
            RuntimeError: if a receiver is gone.
            ValueError: if the tensors are not those of `shapes`.
        """
        given = iter(weights)
        for names in _buckets(shapes, dtype):
            bucket, places = _bucket(names, shapes, dtype, self.device)
            for name, place in places.items():
                found, tensor = next(given, ("nothing", torch.empty(0)))
                if found != name:
                    raise ValueError(f"expected the weights of {name}, was given {found}")
                place.copy_(tensor)
            self._broadcast(bucket)
        for name, _ in given:
            raise ValueError(f"was given the weights of {name}, which nobody expects")
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def receive(self, shapes: Shapes, dtype: torch.dtype) -> Iterator[tuple[str, torch.Tensor]]:
        """What rank 0 sends; its memory is the caller's. Raises `RuntimeError` if somebody is gone."""
        for names in _buckets(shapes, dtype):
            bucket, places = _bucket(names, shapes, dtype, self.device)
            self._broadcast(bucket)
            yield from places.items()

    def _broadcast(self, bucket: torch.Tensor) -> None:
        options = BroadcastOptions()
        options.rootRank = 0
        self._group.broadcast([bucket], options).wait()


def _buckets(shapes: Shapes, dtype: torch.dtype) -> Iterator[list[str]]:
    """Names of tensors that travel together: as many as fit, or a larger one alone."""
    names: list[str] = []
    room = BUCKET_BYTES
    for name, shape in shapes.items():
        size = prod(shape) * dtype.itemsize
        if names and size > room:
            yield names
            names, room = [], BUCKET_BYTES
        names.append(name)
        room -= size
    if names:
        yield names


def _bucket(
    names: list[str], shapes: Shapes, dtype: torch.dtype, device: torch.device
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Memory for tensors that travel together, and each one's place in it."""
    sizes = [prod(shapes[name]) for name in names]
    bucket = torch.empty(sum(sizes), dtype=dtype, device=device)
    parts = bucket.split(sizes)
    return bucket, {name: part.view(tuple(shapes[name])) for name, part in zip(names, parts, strict=True)}
