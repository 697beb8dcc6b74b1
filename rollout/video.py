"""Decoding of video files into the frames that both engine and learner see."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np


class MediaError(ValueError):
    """A media file that cannot be used; the message names the file, what was found and what to do."""


@dataclass(frozen=True)
class ClipSpec:
    """How a file becomes frames. Defaults are the paper's inference settings (VidEmo repository)."""

    fps: float = 2.0
    """Frames sampled per second of video."""
    max_frames: int = 16
    max_pixels: int = 100_352
    """Height x width of a frame at most; larger frames are scaled down."""


@dataclass(frozen=True)
class Clip:
    """Decoded frames: uint8 RGB (T, H, W, 3), T even, and the rate at which they were sampled."""

    path: str
    frames: np.ndarray
    fps: float


def decode_clip(path: Path, spec: ClipSpec) -> Clip:
    """Sample a file evenly at `spec.fps` (more sparsely if that gives more than `max_frames`).

    Raises:
        MediaError: if the file is missing, is not a video, or holds no frame that can be decoded.
    """
    with _opened(path) as container:
        return _sample(path, container, spec)


def check_video(path: Path) -> None:
    """Open a file without decoding it; raises `MediaError` if it is missing or is not a video."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    """The file's container, with at least one video stream; every fault in the block becomes a `MediaError`."""
    if not path.is_file():
        raise MediaError(f"{path}: no such video file; check the row's `videos` and `data.media_root`")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path}: the file has no video stream; replace it or remove its rows")
            yield container
    except av.FFmpegError as error:
        raise MediaError(f"{path}: is not a readable video ({error}); re-encode it or remove its rows") from error


def _sample(path: Path, container: av.container.InputContainer, spec: ClipSpec) -> Clip:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    # A container that does not state its frame count has to be read once to be counted.
    counted = None if stream.frames else [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    total = stream.frames if counted is None else len(counted)
    rate = float(stream.average_rate or 0)
    if total == 0 or rate <= 0:
        raise MediaError(f"{path}: no frames could be decoded; re-encode it or remove its rows")
    wanted = sample_indices(total, rate, spec)
    images: dict[int, np.ndarray] = {}
    decoded = container.decode(stream) if counted is None else map(_frame, counted)
    for index, frame in enumerate(decoded):
        if index in wanted:
            images[index] = _to_rgb(frame, spec.max_pixels)
        if index >= wanted[-1]:
            break
    if not images:
        raise MediaError(f"{path}: no frames could be decoded; re-encode it or remove its rows")
    # A file may hold fewer frames than it states: its last frame stands in for those missing.
    frames = np.stack([images.get(index, images[max(images)]) for index in wanted])
    return Clip(str(path), frames, len(wanted) * rate / total)


def _frame(rgb: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, format="rgb24")


def sample_indices(total: int, rate: float, spec: ClipSpec) -> list[int]:
    """Indices of the frames to use: an even count, at least 2, spread evenly over the file."""
    count = min(spec.max_frames, max(2, round(total / rate * spec.fps)))
    count = max(2, count - count % 2)
    return [min(total - 1, math.floor(i * total / count)) for i in range(count)]


def _to_rgb(frame: av.VideoFrame, max_pixels: int) -> np.ndarray:
    scale = min(1.0, math.sqrt(max_pixels / (frame.width * frame.height)))
    if scale == 1.0:
        return frame.to_ndarray(format="rgb24")
    width, height = max(28, int(frame.width * scale)), max(28, int(frame.height * scale))
    return frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
