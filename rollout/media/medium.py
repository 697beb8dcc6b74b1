"""What a question is about: videos and images, by reference, and the frames that they become."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from rewards.errors import UserError
from rewards.sample import Shown

Kind = Literal["video", "image"]
KINDS: tuple[Kind, ...] = ("video", "image")
IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}
MOST_ASPECT = 200
"""How many times its shorter side a picture's longer one may be; the processors of all families refuse more."""


class MediaError(UserError):
    """A video or image that cannot be used; the message names the file, what was found and what to do."""


@dataclass(frozen=True)
class Medium(Shown):
    """A video or image that a question is about, and what it is held to."""

    max_frames: int | None = None
    """Frames at most, where this video is given fewer than others so that its prompt fits; None for as many as others."""
    max_pixels: int | None = None
    """Height x width of a frame at most, likewise; None for as many as others."""

    def at_most(self, frames: int, pixels: int) -> Medium:
        """This medium with so many frames of so many pixels at most."""
        return replace(self, max_frames=frames, max_pixels=pixels)

    def shown(self) -> Shown:
        """What scorers and judges are told of it."""
        return Shown(self.kind, self.path, self.content, self.frames, self.start, self.end)

    def limited(self, spec: ClipSpec) -> ClipSpec:
        """How this one becomes frames, where media become frames by `spec`."""
        frames = min(spec.max_frames, self.max_frames or spec.max_frames)
        pixels = min(spec.max_pixels, self.max_pixels or spec.max_pixels)
        return replace(spec, min_frames=min(spec.min_frames, frames), max_frames=frames, max_pixels=pixels)


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its name."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def medium_of(path: Path) -> Medium:
    """A file as the image or video that its name says it is."""
    return Medium("image" if is_image(path) else "video", str(path))


@dataclass(frozen=True)
class ClipSpec:
    """How a file becomes frames, in the terms of Qwen's own preprocessing (docs/media.md). The defaults are those of VidEmo's
    inference (its repository)."""

    fps: float = 2.0
    """Frames sampled per second of video."""
    min_frames: int = 4
    """Frames of one video at least, as far as it has so many."""
    max_frames: int = 16
    """Frames of one video at most."""
    max_pixels: int = 100_352
    """Height x width of a frame at most; larger frames are scaled down to multiples of 28."""


@dataclass(frozen=True)
class Clip:
    """The frames of a video or an image."""

    path: str
    frames: np.ndarray
    """uint8 RGB (T, H, W, 3); T is even for a video, and 1 for an image."""
    fps: float
    """Frames a second, as they were sampled; 0 for an image."""
    notes: tuple[str, ...] = ()
    """What is unusual about the file, a sentence each, without its name."""


@dataclass(frozen=True)
class Shape:
    """What `decode` gives for a medium, without the pictures."""

    frames: int
    """Number of frames: even for a video, 1 for an image."""
    height: int
    """Height of each frame in pixels."""
    width: int
    """Width of each frame in pixels."""
    fps: float
    """Frames a second, as they are sampled; 0 for an image."""
    notes: tuple[str, ...] = ()
    """What is unusual about the file, as far as that is known without decoding, a sentence each, without its name."""
