"""Videos and images -> the frames that both engine and learner see."""

from __future__ import annotations

from rollout.media.container import opened_video
from rollout.media.display import check_aspect, squared
from rollout.media.medium import Clip, ClipSpec, Medium
from rollout.media.pictures import decode_image, decode_list, opened_image
from rollout.media.video import decode_video


def decode(medium: Medium, spec: ClipSpec) -> Clip:
    """The frames of a medium, as docs/media.md tells.

    Raises:
        MediaError: if the file is missing, is of another kind, or shows nothing that models take.
    """
    if medium.kind == "image":
        return decode_image(medium, spec)
    return decode_list(medium, spec) if medium.frames else decode_video(medium, spec)


def check_media(medium: Medium, spec: ClipSpec = ClipSpec()) -> None:  # noqa: B008  (it is frozen)
    """Open a file without decoding it; raises `MediaError` if it is missing, of another kind, or too narrow for models."""
    if medium.kind == "image":
        with opened_image(medium) as image:
            check_aspect(medium.path, *image.size, spec.max_pixels)
    elif medium.frames:
        for name in medium.frames:
            check_media(Medium("image", name), spec)
    else:
        with opened_video(medium) as (_, stream):
            check_aspect(medium.path, *squared(stream.width, stream.height, stream.sample_aspect_ratio), spec.max_pixels)
