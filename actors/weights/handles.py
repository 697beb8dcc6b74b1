"""What engines are told of weights that are on their way to them."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np


@dataclass(frozen=True)
class WeightHandle:
    """Where a safetensors image of the weights lies in shared memory."""

    path: str
    """Valid on `node` for as long as the learner rank lives that wrote it."""
    node: str
    bytes: int
    crc32: int | None = None
    """Of the image, for the engines to check."""


@dataclass(frozen=True)
class BroadcastHandle:
    """A group of processes in which learner rank 0 sends all weights."""

    address: str
    """Of the node where the group meets."""
    port: int
    """A group with a port of its own is a new one."""
    size: int
    """Of the group: rank 0 of the learner and every process of every engine."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of all tensors, by name, in the order in which they are sent."""
    dtype: str
    timeout: float
    """Seconds that anybody waits for anybody."""
    first: int = 1
    """Rank in the group of the first process of the engine that is told this."""

    @property
    def bytes(self) -> int:
        width = {"float32": 4, "bfloat16": 2}[self.dtype]
        return width * sum(prod(shape) for shape in self.shapes.values())


class LocalCopy:
    """Room in this node's memory for an image that came from another one; it has a path for as long as this process lives."""

    def __init__(self) -> None:
        self._file = os.memfd_create("affectree-weights")

    def write(self, image: np.ndarray) -> str:
        """Put an image (uint8) in the place of the one before. Returns the path."""
        os.ftruncate(self._file, image.nbytes)
        with mmap.mmap(self._file, image.nbytes) as memory:
            memory[:] = memoryview(image)
        return f"/proc/{os.getpid()}/fd/{self._file}"


BACKEND = "affectree"
