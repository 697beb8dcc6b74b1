"""A row as chat messages: its texts, and its media as pictures in PNG, which keeps every pixel.

vLLM takes the frames of a video as a data URI of the type `video/jpeg`, in which pictures in base64 are separated by commas. It
opens each by what it is, so that PNG is taken too. Other servers know images only: a video's frames are sent to them in order.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from rollout.media.medium import Clip
from rollout.rows.row import MEDIA_TAG, Row, Turn

Part = dict[str, Any]
"""A part of a message's content."""


def messages_of(row: Row, clips: Sequence[Clip], video: Callable[[Clip], list[Part]]) -> list[dict[str, Any]]:
    """The turns of a row, up to the question.

    Args:
        row: what is asked.
        clips: frames of its media, in the order of their tags.
        video: the parts that show a video.
    """
    media = iter(clips)
    return [
        {"role": turn.role, "content": list(_parts(turn, media, video))} for turn in (*row.context, Turn("user", row.question))
    ]


def video_part(clip: Clip) -> list[Part]:
    """A video as vLLM takes it."""
    frames = ",".join(png(frame) for frame in clip.frames)
    return [{"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{frames}"}}]


def image_parts(clip: Clip) -> list[Part]:
    """Every frame as an image."""
    return [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png(frame)}"}} for frame in clip.frames]


def metadata(clip: Clip) -> dict[str, Any]:
    """What a processor is told of a video's frames, as `actors/engine/requests.py` tells it."""
    count = len(clip.frames)
    return {"fps": clip.fps, "total_num_frames": count, "frames_indices": list(range(count)), "duration": count / clip.fps}


def png(frame: np.ndarray) -> str:
    """A picture, uint8 RGB (H, W, 3), as PNG in base64."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _parts(turn: Turn, media: Iterator[Clip], video: Callable[[Clip], list[Part]]) -> Iterator[Part]:
    if turn.role != "user":
        yield {"type": "text", "text": turn.text}
        return
    for place, piece in enumerate(MEDIA_TAG.split(turn.text)):  # text, kind, text, kind, ...
        if place % 2:
            yield from (image_parts if piece == "image" else video)(next(media))
        elif piece:
            yield {"type": "text", "text": piece}
