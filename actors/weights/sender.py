"""The learner's weights on their way out: into memory that engines of its node read, or to all engines by broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from actors.weights.group import WeightGroup, open_store
from actors.weights.image import WeightImage
from rl.learner import deepspeed_engine


class WeightSender:
    """Of one learner rank. All ranks take part in gathering the weights; rank 0 has them."""

    def __init__(self, dtype: torch.dtype, rank: int, device: torch.device, merge: bool) -> None:
        """
        Args:
            dtype: what every tensor is sent as.
            rank: among the learner ranks.
            device: of this rank.
            merge: send weights with their adapters merged; else as they are under the adapters, which are sent alone.
        """
        self.dtype, self.rank, self.device, self.merge = dtype, rank, device, merge
        self._file: WeightImage | None = None
        self._store: Any = None
        self._group: WeightGroup | None = None

    def write(self, engine: Any, checksum: bool) -> tuple[str, int, int | None] | None:
        """Write all weights where the engines of this node can read them: (path, bytes, checksum if wanted), on rank 0."""
        weights = deepspeed_engine.whole_weights(engine, self.merge)
        if self.rank:
            return _take_part(weights)
        if self._file is None:
            self._file = WeightImage(self.dtype, deepspeed_engine.whole_shapes(engine))
        size = self._file.write(weights)
        return self._file.path, size, self._file.crc32() if checksum else None

    def written(self) -> np.ndarray:
        """What `write` wrote, uint8, on rank 0."""
        assert self._file is not None
        return self._file.image()

    def meet(self, address: str, timeout: float) -> int:
        """Open a place where a new group of engines can meet rank 0; returns its port.

        Args:
            address: of this node.
            timeout: seconds that anybody waits for anybody.
        """
        self._group = None
        self._store = open_store(address, timeout)
        return self._store.port

    def broadcast(self, engine: Any, size: int, timeout: float) -> None:
        """Send all weights to the group that met last.

        Args:
            engine: DeepSpeed's.
            size: of the group, rank 0 included.
            timeout: seconds that it may take.
        """
        weights = deepspeed_engine.whole_weights(engine, self.merge)
        if self.rank:
            return _take_part(weights)
        try:
            if self._group is None:
                self._group = WeightGroup(self._store, 0, size, self.device, timeout)
            self._group.send(weights, deepspeed_engine.whole_shapes(engine), self.dtype)
        finally:
            _take_part(weights)  # the other ranks gather to the end, whatever happens here


def _take_part(weights: Any) -> None:
    for _ in weights:
        pass
