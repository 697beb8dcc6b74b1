"""A checkpoint on its way from the learner to the engines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shipment:
    """Where a safetensors image of the weights lies in shared memory."""

    path: str
    """Valid on `node` for as long as the learner rank lives that wrote it."""
    node: str
    bytes: int
    crc32: int | None = None
    """Of the image, for the engines to check."""
