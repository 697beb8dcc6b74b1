"""A safetensors file, mapped into memory and kept so: reading a mapping for the first time costs as much as copying it."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from math import prod
from pathlib import Path

import torch

_TYPES = {"F32": torch.float32, "BF16": torch.bfloat16}


class MappedWeights:
    """The tensors of a file, as they are in it at any moment; the learner writes the same file again at each sync."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._is = _identity(file.fileno())
            self._memory = mmap.mmap(file.fileno(), 0)

    def same_as(self, path: Path) -> bool:
        """Whether `path` is the file that is mapped."""
        return _identity(path) == self._is

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Name and tensor, without a copy; nobody may write to them."""
        start = 8 + int.from_bytes(self._memory[:8], "little")
        header = json.loads(self._memory[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            dtype, begin = _TYPES[entry["dtype"]], start + entry["data_offsets"][0]
            yield name, torch.frombuffer(self._memory, dtype=dtype, count=prod(entry["shape"]), offset=begin).view(entry["shape"])


def _identity(file: Path | int) -> tuple[int, int, int]:
    status = os.fstat(file) if isinstance(file, int) else file.stat()
    return status.st_dev, status.st_ino, status.st_size
