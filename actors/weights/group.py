"""All weights by broadcast, from learner rank 0 to every process of every engine: over NCCL between GPUs, gloo between CPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from math import prod
from typing import Any

import torch
from torch.distributed import BroadcastOptions, ProcessGroupGloo, TCPStore

from actors.weights.handles import Shapes

BUCKET_BYTES = 2**28
"""Tensors are sent together in buckets of at most this size; a larger tensor is sent alone."""


def open_store(address: str, timeout: float) -> TCPStore:
    """Open a rendezvous for a group, in this process, on a free port of this node.

    Args:
        address: address of this node, as the others reach it.
        timeout: seconds that anybody waits for anybody.
    """
    return TCPStore(address, 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=timeout))


def find_store(address: str, port: int, timeout: float) -> TCPStore:
    """Connect to the rendezvous that `open_store` opened in another process."""
    return TCPStore(address, port, is_master=False, timeout=timedelta(seconds=timeout))


class WeightGroup:
    """A process group in which rank 0 sends and all others receive, beside any other groups that these processes are in."""

    def __init__(self, store: TCPStore, rank: int, size: int, device: torch.device, timeout: float) -> None:
        """Join the group. gloo waits for the others here, NCCL in the first broadcast; both raise `RuntimeError` after `timeout`.

        Args:
            store: the rendezvous.
            rank: this process's rank in the group.
            size: number of processes in the group.
            device: where weights are sent from and received to; one kind for all, and no GPU twice.
            timeout: seconds that a broadcast may take.
        """
        self.device = device
        self._group: Any  # torch's stubs know no `broadcast` of a backend
        waits = timedelta(seconds=timeout)
        if device.type == "cuda":
            from torch.distributed import ProcessGroupNCCL

            options = ProcessGroupNCCL.Options()
            options._timeout = waits
            self._group = ProcessGroupNCCL(store, rank, size, options)
        else:
            self._group = ProcessGroupGloo(store, rank, size, waits)

    def send(self, weights: Iterable[tuple[str, torch.Tensor]], shapes: Shapes, dtype: torch.dtype) -> None:
        """Send every tensor as `dtype`, in the order of `shapes`.

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
        """What rank 0 sends: name and tensor, one after another; the caller may keep them.

        Raises:
            RuntimeError: if another process of the group is gone.
        """
        for names in _buckets(shapes, dtype):
            bucket, places = _bucket(names, shapes, dtype, self.device)
            self._broadcast(bucket)
            yield from places.items()

    def _broadcast(self, bucket: torch.Tensor) -> None:
        options = BroadcastOptions()
        options.rootRank = 0
        self._group.broadcast([bucket], options).wait()


def _buckets(shapes: Shapes, dtype: torch.dtype) -> Iterator[list[str]]:
    """Names of the tensors of each bucket, in order."""
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
    """Memory for one bucket, and each tensor's place in it."""
    sizes = [prod(shapes[name]) for name in names]
    bucket = torch.empty(sum(sizes), dtype=dtype, device=device)
    views = bucket.split(sizes)
    return bucket, {name: view.view(tuple(shapes[name])) for name, view in zip(names, views, strict=True)}
