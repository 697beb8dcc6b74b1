"""Media files -> the frames that both engine and learner see."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rewards.errors import UserError
from rewards.files import why_unreadable

Kind = Literal["video", "image"]
KINDS: tuple[Kind, ...] = ("video", "image")
MOST_ASPECT = 200
"""How many times its shorter side a picture's longer one may be; the processors of all families refuse more."""


class MediaError(UserError):
    """A video or image that cannot be used; the message names the file, what was found and what to do."""


@dataclass(frozen=True)
class Medium:
    """A video or image that a question is about."""

    kind: Kind
    path: str


IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its name."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def medium_of(path: Path) -> Medium:
    """A file as the image or video that its name says it is."""
    return Medium("image" if is_image(path) else "video", str(path))


@dataclass(frozen=True)
class ClipSpec:
    """How a file becomes frames. The defaults are those of VidEmo's inference (its repository)."""

    fps: float = 2.0
    """Frames sampled per second of video."""
    max_frames: int = 16
    """Frames of one video at most."""
    max_pixels: int = 100_352
    """Height x width of a frame at most; larger frames are scaled down."""


@dataclass(frozen=True)
class Clip:
    """The frames of a video or an image."""

    path: str
    frames: np.ndarray
    """uint8 RGB (T, H, W, 3); T is even for a video, and 1 for an image."""
    fps: float
    """Frames a second, as they were sampled; 0 for an image."""


def decode(medium: Medium, spec: ClipSpec) -> Clip:
    """Read the frames of a file: of a video, evenly spread ones at about `spec.fps`, but at most `spec.max_frames`.

    Raises:
        MediaError: if the file is missing, is of another kind, or holds no frame that can be decoded.
    """
    path = Path(medium.path)
    if medium.kind == "image":
        with _opened_image(path) as image:
            return _still(path, image, spec.max_pixels)
    with _opened_video(path) as container:
        return _sample(path, container, spec)


def check_media(medium: Medium) -> None:
    """Open a file without decoding it; raises `MediaError` if it is missing or of another kind."""
    with _opened_image(Path(medium.path)) if medium.kind == "image" else _opened_video(Path(medium.path)):
        pass


@contextmanager
def _opened_video(path: Path) -> Iterator[av.container.InputContainer]:
    """The file's container, with at least one video stream; every fault in the block becomes a `MediaError`."""
    _check_file(path, "video")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path}: the file has no video stream; replace it or remove its rows")
            shown = container.streams.video[0]
            if shown.codec_context is None:
                raise MediaError(f"{path}: its video has a codec that is not known; re-encode it or remove its rows")
            _check_shape(path, shown.width, shown.height)
            yield container
    except (av.FFmpegError, ValueError, OSError, IndexError) as error:  # IndexError: a stream that begins later
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise MediaError(f"{path}: is not a readable video ({reason}); re-encode it or remove its rows") from error


@contextmanager
def _opened_image(path: Path) -> Iterator[Image.Image]:
    """The file's image; every fault in the block becomes a `MediaError`."""
    _check_file(path, "image")
    try:
        with Image.open(path) as image:
            _check_shape(path, *image.size)
            yield image
    except UnidentifiedImageError as error:
        raise MediaError(f"{path}: is not a readable image (no known format); convert it or remove its rows") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError) as error:
        raise MediaError(f"{path}: is not a readable image ({error}); convert it or remove its rows") from error


def _check_file(path: Path, kind: Kind) -> None:
    try:
        if path.is_file():
            return
    except OSError as error:
        raise MediaError(f"{path}: {why_unreadable(path, error)}") from error
    found = "is a folder, not a file" if path.is_dir() else f"no such {kind} file"
    raise MediaError(f"{path}: {found}; check the row's `{kind}s` and `data.media_root`")


def _check_shape(path: Path, width: int, height: int) -> None:
    """Refuse too narrow a picture. A size that the container does not state is 0, and is looked at when frames are decoded."""
    if min(width, height) and max(width, height) > MOST_ASPECT * min(width, height):
        raise MediaError(
            f"{path}: has {width} x {height} pixels, and models take no picture whose longer side is more than {MOST_ASPECT} "
            "times its shorter one; crop it or remove its rows"
        )


def _still(path: Path, image: Image.Image, max_pixels: int) -> Clip:
    if image.mode.startswith(("I", "F")):
        raise MediaError(f"{path}: has {image.mode} pixels, whose range is not known; convert it to 8 bits a channel")
    upright = ImageOps.exif_transpose(image).convert("RGB")
    width, height = _fitting(upright.width, upright.height, max_pixels)
    if (width, height) != upright.size:
        upright = upright.resize((width, height), Image.Resampling.BOX)
    return Clip(str(path), np.asarray(upright)[None], 0.0)


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
    size: tuple[int, int] | None = None
    decoded = container.decode(stream) if counted is None else map(_frame, counted)
    for index, frame in enumerate(decoded):
        if index in wanted:
            if size is None:  # the first frame's size is that of all, also where the picture changes its size
                _check_shape(path, frame.width, frame.height)
                size = _fitting(frame.width, frame.height, spec.max_pixels)
            images[index] = _to_rgb(frame, *size)
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


def _to_rgb(frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
    if (width, height) == (frame.width, frame.height):
        return frame.to_ndarray(format="rgb24")
    return frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")


def _fitting(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """A size of about the same shape that has at most `max_pixels`."""
    scale = math.sqrt(max_pixels / (width * height))
    return (width, height) if scale >= 1 else (max(28, int(width * scale)), max(28, int(height * scale)))
