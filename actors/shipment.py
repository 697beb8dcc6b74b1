"""A checkpoint on its way from the learner to the engines."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shipment:
    """Where a safetensors image of the weights lies in shared memory."""

    path: str
    """Valid on `node` for as long as the learner rank lives that wrote it."""
    node: str
    bytes: int
    crc32: int | None = None
    """Of the image, for the engines to check."""


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
