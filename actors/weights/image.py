"""All weights as one safetensors image in shared memory: the learner writes it, engines of its node map and read it."""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

import numpy as np
import torch

from actors.weights.handles import Shapes

_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}
_ALIGNMENT = 64


class WeightImage:
    """An image that can be written again and again. It has a path for as long as this process lives, so that nobody has to
    clean up after a crash."""

    def __init__(self, dtype: torch.dtype, shapes: Shapes) -> None:
        """
        Args:
            dtype: every tensor is written as this type, float32 or bfloat16.
            shapes: name -> shape of every tensor; each `write` brings the same ones.
        """
        self.dtype = dtype
        header: dict[str, object] = {"__metadata__": {"format": "pt"}}
        size, begins = 0, {}
        for name in side_by_side(shapes):
            shape, begins[name] = shapes[name], size
            size += prod(shape) * dtype.itemsize
            header[name] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [begins[name], size]}
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % _ALIGNMENT)
        start = 8 + len(text)
        self._file = os.memfd_create("affectree-weights")
        os.ftruncate(self._file, start + size)
        self._memory = mmap.mmap(self._file, start + size)
        self._memory[:start] = len(text).to_bytes(8, "little") + text
        self._places = {
            name: torch.frombuffer(self._memory, dtype=dtype, count=prod(shape), offset=start + begins[name]).view(shape)
            for name, shape in shapes.items()
        }

    @property
    def path(self) -> str:
        """Where other processes of this node can open it."""
        return f"/proc/{os.getpid()}/fd/{self._file}"

    def write(self, weights: Iterable[tuple[str, torch.Tensor]]) -> int:
        """Write every tensor, straight from where it is. Returns the image's bytes.

        Raises:
            ValueError: if a tensor is missing.
        """
        missing = set(self._places)
        for name, tensor in weights:
            self._places[name].copy_(tensor)
            missing.discard(name)
        if missing:
            raise ValueError(f"{len(missing)} tensors were not given, e.g. {sorted(missing)[:3]}")
        return len(self._memory)

    def image(self) -> np.ndarray:
        """What was written, uint8, without a copy."""
        return np.frombuffer(self._memory, dtype=np.uint8)

    def crc32(self) -> int:
        """Checksum of what was written."""
        return zlib.crc32(self._memory)


_TYPES = {"F32": torch.float32, "BF16": torch.bfloat16}


class MappedImage:
    """A mapped safetensors file. It shows what the file holds at any moment: the learner writes the same one at each sync."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._is = _identity(file.fileno())
            self._memory = mmap.mmap(file.fileno(), 0)
        self._bytes = torch.frombuffer(self._memory, dtype=torch.uint8)

    def same_as(self, path: Path) -> bool:
        """Whether `path` still is the file that was mapped, at the same size."""
        return _identity(path) == self._is

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Name and tensor, one after another, without a copy; nobody may write to them. All are views of one storage."""
        start = 8 + int.from_bytes(self._memory[:8], "little")
        header = json.loads(self._memory[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = (start + offset for offset in entry["data_offsets"])
            yield name, self._bytes[begin:end].view(_TYPES[entry["dtype"]]).view(entry["shape"])


def side_by_side(names: Iterable[str]) -> list[str]:
    """Names in the order in which their tensors lie in an image: the weights of a block's layers one after another, then
    their biases. Layers that an engine joins, such as gate and up or query, key and value, then lie there as it has them."""
    blocks: dict[tuple[str, str], list[str]] = {}
    for name in names:
        layer, _, what = name.rpartition(".")
        blocks.setdefault((layer.rpartition(".")[0], what), []).append(name)
    return [name for block in blocks.values() for name in block]


def _identity(file: Path | int) -> tuple[int, int, int]:
    status = os.fstat(file) if isinstance(file, int) else file.stat()
    return status.st_dev, status.st_ino, status.st_size
