"""A learner rank's weights on their way out: into memory that engines of its node read, or to all engines by broadcast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch.distributed import TCPStore

from actors.weights.group import WeightGroup, open_store
from actors.weights.handles import Shapes
from actors.weights.image import WeightImage

Weights: TypeAlias = Iterator[tuple[str, torch.Tensor]]
"""All weights on rank 0, one after another: (name, whole tensor). Gathering them is a collective, so other ranks go through
it too and get nothing."""


@dataclass(frozen=True)
class WrittenImage:
    """An image of the weights, as rank 0 wrote it."""

    path: str
    """The file, as other processes of this node open it for as long as this one lives."""
    bytes: int
    crc32: int | None
    """The image's checksum, if one was asked for."""


class WeightSender:
    """Sends the weights that one learner rank has. All ranks call the same methods; rank 0 sends."""

    def __init__(self, dtype: torch.dtype, rank: int, device: torch.device) -> None:
        """
        Args:
            dtype: every tensor is sent as this type.
            rank: number of this learner rank.
            device: where this rank computes.
        """
        self.dtype, self.rank, self.device = dtype, rank, device
        self._image: WeightImage | None = None
        self._store: TCPStore | None = None
        self._group: WeightGroup | None = None

    def write(self, weights: Weights, shapes: Shapes, checksum: bool) -> WrittenImage | None:
        """Write all weights into shared memory, over those that were written before. Returns None except on rank 0."""
        if self.rank:
            _gather_all(weights)
            return None
        if self._image is None:
            self._image = WeightImage(self.dtype, shapes)
        size = self._image.write(weights)
        return WrittenImage(self._image.path, size, self._image.crc32() if checksum else None)

    def written(self) -> np.ndarray:
        """The image that `write` wrote, uint8; on rank 0 alone."""
        assert self._image is not None, "nothing was written"
        return self._image.image()

    def rendezvous(self, address: str, timeout: float) -> int:
        """Open the rendezvous of a new group of engines and rank 0. Returns its port.

        Args:
            address: address of this node, as the engines reach it.
            timeout: seconds that anybody waits for anybody.
        """
        self._group = None
        self._store = open_store(address, timeout)
        return self._store.port

    def broadcast(self, weights: Weights, shapes: Shapes, size: int, timeout: float) -> None:
        """Send all weights to the group of the last rendezvous.

        Args:
            weights: every tensor, in the order of `shapes`.
            shapes: name -> shape of every tensor.
            size: number of processes in the group, rank 0 included.
            timeout: seconds that a broadcast may take.
        """
        if self.rank:
            return _gather_all(weights)
        try:
            if self._group is None:
                assert self._store is not None, "no rendezvous"
                self._group = WeightGroup(self._store, 0, size, self.device, timeout)
            self._group.send(weights, shapes, self.dtype)
        finally:
            _gather_all(weights)  # the other ranks gather to the end, whatever happens here


def _gather_all(weights: Weights) -> None:
    for _ in weights:
        pass
