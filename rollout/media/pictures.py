"""Images, and videos that are given as a list of pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rollout.media.container import source
from rollout.media.display import check_aspect, fitting, several_sizes
from rollout.media.medium import Clip, ClipSpec, MediaError, Medium, Shape
from rollout.media.sampling import TEMPORAL_PATCH

_ORIENTATION = 0x0112
"""EXIF's tag for how the camera was held."""
_ON_ITS_SIDE = range(5, 9)
"""Its values that stand for a quarter turn."""


@contextmanager
def opened_image(medium: Medium) -> Iterator[Image.Image]:
    """The file's image, as it is stored; every fault in the block becomes a `MediaError`."""
    name = medium.path
    try:
        with Image.open(source(medium)) as image:
            if image.mode.startswith(("I", "F")):
                raise MediaError(f"{name}: has {image.mode} pixels, whose range is not known; convert it to 8 bits a channel")
            yield image
    except UnidentifiedImageError as error:
        raise MediaError(f"{name}: is not a readable image (no known format); convert it or remove its rows") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError) as error:
        raise MediaError(f"{name}: is not a readable image ({error}); convert it or remove its rows") from error


def image_shape(medium: Medium, spec: ClipSpec) -> Shape:
    """The shape of what `decode_image` gives."""
    with opened_image(medium) as image:
        width, height = _size(medium, image, spec)
        return Shape(1, height, width, 0.0, _notes(image))


def decode_image(medium: Medium, spec: ClipSpec) -> Clip:
    """An image as one frame."""
    with opened_image(medium) as image:
        return Clip(medium.path, _rgb(image, _size(medium, image, spec))[None], 0.0, _notes(image))


def list_shape(medium: Medium, spec: ClipSpec) -> Shape:
    """The shape of what `decode_list` gives."""
    chosen, fps = _chosen(medium, spec)
    first = image_shape(Medium("image", chosen[0]), spec)
    return Shape(len(chosen), first.height, first.width, fps)


def decode_list(medium: Medium, spec: ClipSpec) -> Clip:
    """Pictures as the frames of a video, all brought to the size of the first."""
    chosen, fps = _chosen(medium, spec)
    size: tuple[int, int] | None = None
    frames: dict[str, np.ndarray] = {}
    sizes: set[tuple[int, int]] = set()
    for name in dict.fromkeys(chosen):
        picture = Medium("image", name)
        with opened_image(picture) as image:
            size = size or _size(picture, image, spec)
            sizes.add(_upright_size(image))
            frames[name] = _rgb(image, size)
    return Clip(medium.path, np.stack([frames[name] for name in chosen]), fps, tuple(several_sizes(sizes)))


def _chosen(medium: Medium, spec: ClipSpec) -> tuple[list[str], float]:
    """The pictures of a list that become frames, and the frames a second: a list counts as sampled at `spec.fps` already."""
    if medium.start is not None or medium.end is not None:
        raise MediaError(f"{medium.path}: a list of frames has no `start` and `end`; list the frames that are meant")
    given = list(medium.frames)
    most = spec.max_frames - spec.max_frames % TEMPORAL_PATCH
    if len(given) > most:
        return [given[number * len(given) // most] for number in range(most)], spec.fps * most / len(given)
    return given + given[-1:] * (-len(given) % TEMPORAL_PATCH), spec.fps


def _size(medium: Medium, image: Image.Image, spec: ClipSpec) -> tuple[int, int]:
    """Width and height that an image is given."""
    width, height = _upright_size(image)
    check_aspect(medium.path, width, height, spec.max_pixels)
    return fitting(width, height, spec.max_pixels)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE else (width, height)


def _rgb(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """An image upright and of this width and height, uint8 RGB (H, W, 3); what is transparent is shown on white."""
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
    upright = upright.convert("RGB")
    return np.asarray(upright if upright.size == size else upright.resize(size, Image.Resampling.BOX))


def _notes(image: Image.Image) -> tuple[str, ...]:
    moves = getattr(image, "is_animated", False)
    return ("moves, and is an image here: its first picture is used",) if moves else ()
