"""What engines are told about weights that are on their way to them."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from rl.config.schema import ModelConfig

BACKEND = "affectree"
"""Name of this project's backend in vLLM's weight-transfer interface."""

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Name in the checkpoint -> shape of every tensor, in the order in which they are sent."""


def adapter_alone(model: ModelConfig) -> bool:
    """Whether engines are sent LoRA adapters by themselves, in place of weights that these are merged into."""
    return model.lora is not None and model.lora.sync == "adapter"


@dataclass(frozen=True)
class WeightHandle:
    """Where the weights lie as a safetensors file: in shared memory, or on a disk."""

    path: str
    """The file, as processes on `node` open it. In shared memory it lasts as long as the learner rank that wrote it."""
    node: str
    """Ray's id of the node."""
    bytes: int
    crc32: int | None = None
    """The file's checksum, for the engines to check; None for no check."""


@dataclass(frozen=True)
class BroadcastHandle:
    """A group of processes to which learner rank 0 sends all weights."""

    address: str
    """Address of the rendezvous: the node of learner rank 0."""
    port: int
    """Port of the rendezvous; every group has one of its own."""
    size: int
    """Processes of the group: rank 0 of the learner and every process of every engine."""
    shapes: Shapes
    """Names and shapes of the tensors that will be sent."""
    dtype: str
    """The type that every tensor is sent as: float32 or bfloat16."""
    timeout: float
    """Seconds that anybody waits for anybody."""
    first: int = 1
    """The group's rank for the first process of the engine that gets this handle; its other processes follow."""

    @property
    def bytes(self) -> int:
        """Bytes of all weights."""
        width = {"float32": 4, "bfloat16": 2}[self.dtype]
        return width * sum(prod(shape) for shape in self.shapes.values())


class LocalCopy:
    """Shared memory of this node for an image that came from another node. It lasts as long as this process."""

    def __init__(self) -> None:
        self._file = os.memfd_create("affectree-weights")

    def write(self, image: np.ndarray) -> str:
        """Put an image (uint8) in place of the one before. Returns its path, the same each time."""
        os.ftruncate(self._file, image.nbytes)
        with mmap.mmap(self._file, image.nbytes) as memory:
            memory[:] = image.data
        return f"/proc/{os.getpid()}/fd/{self._file}"
