"""What names a video or an image. What is refused is in the zoo of rows (`row_zoo.py`)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rollout.media.medium import Kind, Medium
from rollout.rows.media_columns import media_of, read_medium
from rollout.rows.row import RowError

ROOT = Path("/data")
BYTES = b"\x89PNG and more"
TEXT = base64.b64encode(BYTES).decode()


def named(value: Any, kind: Kind = "video") -> Medium:
    """The medium that a value names."""
    return read_medium(value, kind, "w, key `k`", ROOT)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a.mp4", "/data/a.mp4"),
        ("/elsewhere/a.mp4", "/elsewhere/a.mp4"),
        ("file:///elsewhere/a%20b.mp4", "/elsewhere/a b.mp4"),
        ("file://localhost/a.mp4", "/a.mp4"),
        ("./a.mp4", "/data/a.mp4"),
        ({"path": "a.mp4"}, "/data/a.mp4"),
        ({"video": "file:///a.mp4", "fps": 2.0, "max_pixels": 4096, "nframes": None}, "/a.mp4"),
        ({"type": "video_url", "video_url": {"url": "a.mp4"}}, "/data/a.mp4"),
    ],
)
def test_paths(value: Any, path: str) -> None:
    assert named(value) == Medium("video", path)


@pytest.mark.parametrize("key", ["", "video_"])
def test_a_part_of_a_video(key: str) -> None:
    assert named({"video": "a.mp4", f"{key}start": 1, f"{key}end": 2.5}) == Medium("video", "/data/a.mp4", start=1.0, end=2.5)
    assert named({"video": "a.mp4", f"{key}end": 2}) == Medium("video", "/data/a.mp4", end=2.0)
    assert named({"video": ["1.png", "2.png"], f"{key}start": 0}).frames == ("/data/1.png", "/data/2.png")


def test_frames_have_a_name_that_says_whose_they_are() -> None:
    found = named(["1.jpg", "file:///x/2.jpg"])
    assert found == Medium("video", "video 1 of w", frames=("/data/1.jpg", "/x/2.jpg"))


@pytest.mark.parametrize(
    "value",
    [
        BYTES,
        memoryview(BYTES),
        {"bytes": BYTES},
        {"bytes": TEXT, "path": None},
        {"bytes": f"{TEXT[:8]}\n{TEXT[8:]}", "path": ""},
        f"data:image/png;base64,{TEXT}",
        {"image": f"data:image/png;base64,{TEXT}"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{TEXT}"}},
        "data:image/png,%89PNG%20and%20more",
    ],
)
def test_content(value: Any) -> None:
    assert named(value, "image") == Medium("image", "image 1 of w", content=BYTES)


def test_content_keeps_the_name_of_its_file() -> None:
    assert named({"path": "a.png", "bytes": BYTES}, "image") == Medium("image", "a.png", content=BYTES)


def test_columns_of_one_and_of_several() -> None:
    def paths(**columns: Any) -> list[str]:
        return [medium.path for medium in media_of(columns, "video", "w", ROOT)]

    assert paths(videos=["a.mp4", "b.mp4"]) == paths(video=["a.mp4", "b.mp4"]) == ["/data/a.mp4", "/data/b.mp4"]
    assert paths(videos="a.mp4") == paths(video="a.mp4") == paths(videos=[{"path": "a.mp4"}]) == ["/data/a.mp4"]
    assert paths(videos=[], video="a.mp4") == paths(videos=None, video=["a.mp4"]) == paths(videos="", video="a.mp4")
    assert paths() == paths(videos=None) == paths(videos="") == paths(videos=[]) == paths(video="") == []
    assert paths(videos='["a.mp4"]') == ["/data/a.mp4"]
    assert paths(videos="[odd name.mp4") == ["/data/[odd name.mp4"]
    assert media_of({"video": ["1.png", "2.png"]}, "video", "w", ROOT)[0].frames == ("/data/1.png", "/data/2.png")
    assert len(media_of({"image": ["1.png", "2.png"]}, "image", "w", ROOT)) == 2


def test_a_decoded_picture_is_refused_with_what_to_read() -> None:
    picture = Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(
        RowError, match=r"w, key `k`: must hold paths of files, found .*; read the file's bytes instead of the picture"
    ):
        named(picture, "image")
