"""Files are opened as what they should be; those that cannot be used are refused with their name."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rollout.faces.dataset import encode_video
from rollout.media.container import decoder_version
from rollout.media.decoding import check_media, decode
from rollout.media.medium import ClipSpec, MediaError, Medium, is_image, medium_of
from rollout.media.probe import probe


def test_a_damaged_medium_is_refused_with_its_name_or_has_the_shape_that_its_probe_tells(faces: Path, tmp_path: Path) -> None:
    whole = min((faces / "videos").iterdir()).read_bytes()
    draw, refused = random.Random(0), 0
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file = tmp_path / "clip.mp4"
        file.write_bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.3 else damaged)
        medium = Medium("video", str(file))
        try:
            clip = decode(medium, ClipSpec())
        except MediaError as error:
            assert str(file) in str(error)
            refused += 1
        else:
            shape = probe(medium, ClipSpec())
            assert ((shape.frames, shape.height, shape.width, 3), shape.fps) == (clip.frames.shape, clip.fps)
    assert 0 < refused < 200


def test_large_videos_go_through_the_same_decoder(tmp_path: Path) -> None:
    encode_video(tmp_path / "large.mp4", np.zeros((8, 1080, 1920, 3), dtype=np.uint8), fps=8)
    clip = decode(Medium("video", str(tmp_path / "large.mp4")), ClipSpec(fps=4.0, max_pixels=100_352))
    assert clip.frames.shape == (4, 224, 420, 3)


@pytest.mark.parametrize("content", [b"", b"not a video at all"])
def test_unreadable_videos_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        decode(Medium("video", str(file)), ClipSpec())
    with pytest.raises(MediaError, match="no such video"):
        decode(Medium("video", str(tmp_path / "absent.mp4")), ClipSpec())


@pytest.mark.parametrize("kind, name", [("image", "thin.png"), ("video", "thin.mkv")])
def test_a_picture_that_no_processor_takes_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    Image.new("RGB", (2000, 8)).save(tmp_path / "thin.png")
    encode_video(tmp_path / "thin.mkv", np.zeros((8, 8, 2000, 3), dtype=np.uint8), fps=8)
    medium = Medium("image" if kind == "image" else "video", str(tmp_path / name))
    for refusing in (lambda medium: decode(medium, ClipSpec()), lambda medium: probe(medium, ClipSpec()), check_media):
        with pytest.raises(MediaError, match=rf"{name}: has 2000 x 8 pixels, .* more than 200 times its shorter one; crop it"):
            refusing(medium)


def test_files_are_opened_as_what_they_should_be(faces: Path, tmp_path: Path) -> None:
    clip = min((faces / "videos").iterdir())
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "text.png").write_text("not an image")
    check_media(Medium("video", str(clip)))
    check_media(Medium("image", str(tmp_path / "a.png")))
    for medium, said in (
        (Medium("image", str(clip)), "is not a readable image"),
        (Medium("image", str(tmp_path / "text.png")), "is not a readable image"),
        (Medium("image", str(tmp_path)), "is a folder, not a file; check the row's `images` and `data.media_root`"),
        (Medium("video", str(tmp_path / "absent.mp4")), "no such video file; check the row's `videos`"),
    ):
        with pytest.raises(MediaError, match=said):
            check_media(medium)


def test_a_playlist_does_not_open_what_lies_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match=r"list\.m3u8: "):
        decode(Medium("video", str(tmp_path / "list.m3u8")), ClipSpec())


def test_images_and_videos_are_told_apart_by_name() -> None:
    assert [is_image(Path(name)) for name in ("a.PNG", "a.jpeg", "a.mp4", "png")] == [True, True, False, False]
    assert medium_of(Path("b/a.webp")) == Medium("image", "b/a.webp")
    assert medium_of(Path("b/a.mov")) == Medium("video", "b/a.mov")


def test_the_decoder_tells_its_version() -> None:
    assert decoder_version().startswith("PyAV ")
    assert "libavcodec" in decoder_version()
