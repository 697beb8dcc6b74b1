"""Frames of videos and images; files that cannot be used are refused with their name."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rollout.faces.dataset import CLIP_FPS, CLIP_FRAMES, encode_video
from rollout.media import ClipSpec, MediaError, Medium, check_media, decode, is_image, medium_of, sample_indices


def test_frames_of_another_size_are_scaled_to_the_first_ones(tmp_path: Path) -> None:
    parts = []
    for name, size, value in (("small", 56, 40), ("large", 112, 200)):
        encode_video(tmp_path / f"{name}.ts", np.full((8, size, size, 3), value, dtype=np.uint8), fps=4)
        parts.append((tmp_path / f"{name}.ts").read_bytes())
    (tmp_path / "both.ts").write_bytes(b"".join(parts))  # as a transport stream may be put together
    frames = decode(Medium("video", str(tmp_path / "both.ts")), ClipSpec(fps=4.0)).frames
    assert frames.shape == (16, 56, 56, 3)
    assert frames[0].mean() < 60 < 180 < frames[-1].mean()


def test_a_damaged_medium_is_refused_with_its_name(faces: Path, tmp_path: Path) -> None:
    whole = min((faces / "videos").iterdir()).read_bytes()
    draw, refused = random.Random(0), 0
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file = tmp_path / "clip.mp4"
        file.write_bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.3 else damaged)
        try:
            decode(Medium("video", str(file)), ClipSpec())
        except MediaError as error:
            assert str(file) in str(error)
            refused += 1
    assert 0 < refused < 200


def test_large_videos_go_through_the_same_decoder(tmp_path: Path) -> None:
    encode_video(tmp_path / "large.mp4", np.zeros((8, 1080, 1920, 3), dtype=np.uint8), fps=8)
    clip = decode(Medium("video", str(tmp_path / "large.mp4")), ClipSpec(fps=4.0, max_pixels=100_352))
    assert clip.frames.shape[0] == 4
    assert clip.frames.shape[1] * clip.frames.shape[2] <= 100_352


def test_frame_counts_are_even_and_bounded() -> None:
    assert sample_indices(CLIP_FRAMES, CLIP_FPS, ClipSpec(fps=2.0)) == [0, 2, 4, 6]
    assert len(sample_indices(10_000, 30.0, ClipSpec(fps=2.0, max_frames=16))) == 16
    assert sample_indices(1, 30.0, ClipSpec()) == [0, 0]


@pytest.mark.parametrize("content", [b"", b"not a video at all"])
def test_unreadable_videos_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        decode(Medium("video", str(file)), ClipSpec())
    with pytest.raises(MediaError, match="no such video"):
        decode(Medium("video", str(tmp_path / "absent.mp4")), ClipSpec())


def test_an_image_is_one_upright_frame_of_few_enough_pixels(tmp_path: Path) -> None:
    picture = Image.fromarray(np.tile(np.arange(80, dtype=np.uint8)[None, :, None], (40, 1, 3)))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: the camera was turned
    picture.save(tmp_path / "turned.png", exif=exif)
    clip = decode(Medium("image", str(tmp_path / "turned.png")), ClipSpec())
    assert clip.frames.shape == (1, 80, 40, 3)
    assert (clip.fps, clip.path) == (0.0, str(tmp_path / "turned.png"))
    assert clip.frames[0, :, 0, 0].tolist() == list(range(80))
    small = decode(Medium("image", str(tmp_path / "turned.png")), ClipSpec(max_pixels=1800)).frames
    assert small.shape == (1, 60, 30, 3)


def test_a_picture_that_no_processor_takes_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 8)).save(tmp_path / "thin.png")
    for refusing in (lambda medium: decode(medium, ClipSpec()), check_media):
        with pytest.raises(MediaError, match=r"thin\.png: has 2000 x 8 pixels, .* more than 200 times its shorter one; crop it"):
            refusing(Medium("image", str(tmp_path / "thin.png")))


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


def test_images_and_videos_are_told_apart_by_name() -> None:
    assert [is_image(Path(name)) for name in ("a.PNG", "a.jpeg", "a.mp4", "png")] == [True, True, False, False]
    assert medium_of(Path("b/a.webp")) == Medium("image", "b/a.webp")
    assert medium_of(Path("b/a.mov")) == Medium("video", "b/a.mov")
