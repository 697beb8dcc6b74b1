"""The shape that a medium's frames will have, found without decoding more than one picture where the container allows."""

from __future__ import annotations

from rollout.media.medium import ClipSpec, Medium, Shape
from rollout.media.pictures import image_shape, list_shape
from rollout.media.video import video_shape


def probe(medium: Medium, spec: ClipSpec) -> Shape:
    """The shape that `decode(medium, spec)` gives. Raises `MediaError` as `decode` does, as far as that is known by then."""
    if medium.kind == "image":
        return image_shape(medium, spec)
    return list_shape(medium, spec) if medium.frames else video_shape(medium, spec)
