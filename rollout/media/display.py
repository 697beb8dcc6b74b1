"""How a stored picture is shown: upright, with square pixels, and in a size that models take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from rollout.media.medium import MOST_ASPECT, MediaError

MULTIPLE = 28
"""Pixels of a merged patch of Qwen2.5-VL: its processor takes a picture whose sides are multiples of this as it is."""


@dataclass(frozen=True)
class Turn:
    """How stored rows and columns become those that are shown."""

    transposed: bool = False
    """Rows become columns, before all else."""
    mirrored: bool = False
    """Left becomes right."""
    flipped: bool = False
    """Top becomes bottom."""

    def of(self, picture: np.ndarray) -> np.ndarray:
        """A stored picture (H, W, C) as it is shown."""
        if self.transposed:
            picture = picture.swapaxes(0, 1)
        return picture[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that are shown for those stored; the same function finds those stored for those shown."""
        return (height, width) if self.transposed else (width, height)


_QUARTERS = (Turn(), Turn(transposed=True, flipped=True), Turn(mirrored=True, flipped=True), Turn(transposed=True, mirrored=True))
"""By how many quarters of a full turn a picture is turned, counter-clockwise."""


def turn_of(frame: av.VideoFrame) -> Turn:
    """What a frame's display matrix says, to the nearest quarter turn; without one, nothing is turned.

    The matrix maps a stored point (x, y) to (a x + c y, b x + d y), where y grows downwards (ISO/IEC 14496-12, 6.2.2).
    """
    try:
        found: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV 18 refuses all that is told of a frame where a part of it is new, such as EXIF and stereo views
        return _QUARTERS[round(frame.rotation / 90) % 4]
    if found is None:
        return Turn()
    a, b, _, c, d, *_ = np.frombuffer(bytes(found), dtype=np.int32).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(mirrored=a < 0, flipped=d < 0)
    return Turn(transposed=True, mirrored=c < 0, flipped=b < 0)


def to_rgb(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """A stored frame as it is shown, uint8 RGB (H, W, 3), with 8 bits a channel; what is transparent is shown on white.

    Args:
        size: width and height to give it.
    """
    turn = turn_of(frame)
    width, height = turn.size(*size)
    has_alpha = any(component.is_alpha for component in frame.format.components)
    form = "rgba" if has_alpha else "rgb24"
    smaller = width <= frame.width and height <= frame.height
    way: Any = None if (width, height) == (frame.width, frame.height) else "AREA" if smaller else "BICUBIC"
    picture = frame.to_ndarray(format=form, width=width, height=height, interpolation=way, threads=1)
    return turn.of(_on_white(picture) if has_alpha else picture)


def _on_white(picture: np.ndarray) -> np.ndarray:
    color, alpha = picture[..., :3].astype(np.uint16), picture[..., 3:].astype(np.uint16)
    shown: np.ndarray = ((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return shown


def squared(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """A stored size with square pixels: its width is stretched, as players do.

    Args:
        width, height: pixels that are stored.
        pixel_aspect: width of a pixel over its height; None or 0 where it is not stated.
    """
    return (max(1, round(width * pixel_aspect)), height) if pixel_aspect else (width, height)


def fitting(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The size that a picture is given: its own, or where that is over `max_pixels`, the one that Qwen2.5-VL's `smart_resize`
    gives it."""
    if _rounded(width) * _rounded(height) <= max_pixels:
        return width, height
    scale = math.sqrt(width * height / max_pixels)
    return _floored(width / scale), _floored(height / scale)


def several_sizes(sizes: Set[tuple[int, int]]) -> Iterator[str]:
    """The note about a video whose pictures differ in width and height; none where they do not."""
    if len(sizes) > 1:
        named = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        yield f"its pictures have several sizes ({named}); all are given that of the first"


def check_aspect(name: str, width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture that will be too narrow for the processors of all families once it has been given its size.

    Raises:
        MediaError: with the name, if so. A width or height of 0 is one that is not known yet, and passes.
    """
    if not min(width, height):
        return
    given = fitting(width, height, max_pixels)
    if max(given) > MOST_ASPECT * min(given):
        raise MediaError(
            f"{name}: has {width} x {height} pixels, and models take no picture whose longer side is more than {MOST_ASPECT} "
            "times its shorter one; crop it or remove its rows"
        )


def _rounded(side: int) -> int:
    return round(side / MULTIPLE) * MULTIPLE


def _floored(side: float) -> int:
    return max(MULTIPLE, math.floor(side / MULTIPLE) * MULTIPLE)
