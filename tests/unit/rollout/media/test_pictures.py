"""Images, and videos that are given as a list of pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rollout.media.decoding import check_media, decode
from rollout.media.medium import ClipSpec, MediaError, Medium
from rollout.media.probe import probe
from tests.media_zoo import picture


def agree(medium: Medium, spec: ClipSpec = ClipSpec()) -> np.ndarray:  # noqa: B008
    """The frames of a medium, of the shape that its probe tells."""
    clip, shape = decode(medium, spec), probe(medium, spec)
    assert ((shape.frames, shape.height, shape.width, 3), shape.fps, shape.notes) == (clip.frames.shape, clip.fps, clip.notes)
    return clip.frames


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright(orientation: int, tmp_path: Path) -> None:
    turned = {1: 0, 3: 2, 6: 3, 8: 1}
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture(0)).save(tmp_path / "a.png", exif=exif)
    frames = agree(Medium("image", str(tmp_path / "a.png")))
    if orientation in turned:
        np.testing.assert_array_equal(frames[0], np.rot90(picture(0), turned[orientation]))
    assert frames.shape == ((1, 64, 48, 3) if orientation >= 5 else (1, 48, 64, 3))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_means_nothing_changes_nothing(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture(0)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(agree(Medium("image", str(tmp_path / "a.png")))[0], picture(0))


def test_a_large_image_has_at_most_so_many_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(0, 80, 40)).save(tmp_path / "a.png", exif=exif)
    assert agree(Medium("image", str(tmp_path / "a.png")), ClipSpec(max_pixels=1800)).shape == (1, 56, 28, 3)


@pytest.mark.parametrize(
    "mode, shown",
    [("RGBA", (255, 127, 127)), ("LA", (159, 159, 159)), ("L", (64, 64, 64)), ("P", (255, 0, 0)), ("CMYK", (255, 0, 0))],
)
def test_every_kind_of_colour_becomes_rgb_and_what_is_transparent_white(
    mode: str, shown: tuple[int, int, int], tmp_path: Path
) -> None:
    color = {"RGBA": (255, 0, 0, 128), "LA": (64, 128), "L": 64, "CMYK": (0, 255, 255, 0)}
    image = Image.new("RGB", (30, 30), (255, 0, 0)).convert("P") if mode == "P" else Image.new(mode, (30, 30), color[mode])
    image.save(tmp_path / "a.tiff")
    assert abs(agree(Medium("image", str(tmp_path / "a.tiff")))[0, 0, 0].astype(int) - shown).max() <= 1


def test_an_image_of_unknown_range_is_refused(tmp_path: Path) -> None:
    Image.new("I;16", (30, 30)).save(tmp_path / "deep.png")
    with pytest.raises(MediaError, match=r"deep\.png: has I;16 pixels, whose range is not known; convert it to 8 bits"):
        decode(Medium("image", str(tmp_path / "deep.png")), ClipSpec())


def test_of_a_moving_image_the_first_picture_is_used(tmp_path: Path) -> None:
    first, second = (Image.fromarray(picture(number)) for number in (0, 3))
    first.save(tmp_path / "a.webp", save_all=True, append_images=[second], lossless=True)
    medium = Medium("image", str(tmp_path / "a.webp"))
    np.testing.assert_array_equal(agree(medium)[0], picture(0))
    assert decode(medium, ClipSpec()).notes == ("moves, and is an image here: its first picture is used",)


def test_content_may_be_in_the_row() -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture(5)).save(buffer, "png")
    medium = Medium("image", "row 3", buffer.getvalue())
    check_media(medium)
    np.testing.assert_array_equal(agree(medium)[0], picture(5))
    with pytest.raises(MediaError, match=r"^row 4: is not a readable image"):
        decode(Medium("image", "row 4", b"nothing of the kind"), ClipSpec())


@pytest.fixture
def listed(tmp_path: Path) -> list[str]:
    """Twenty pictures, of which the second is twice as large."""
    for number in range(20):
        Image.fromarray(picture(number)).resize((128, 96) if number == 1 else (64, 48)).save(tmp_path / f"{number:02}.png")
    return sorted(map(str, tmp_path.iterdir()))


def listing(names: list[str]) -> Medium:
    return Medium("video", "frames of row 1", frames=tuple(names))


@pytest.mark.parametrize(
    "given, spec, chosen, fps",
    [
        (4, ClipSpec(), [0, 1, 2, 3], 2.0),
        (5, ClipSpec(fps=1.0), [0, 1, 2, 3, 4, 4], 1.0),
        (1, ClipSpec(), [0, 0], 2.0),
        (20, ClipSpec(max_frames=9), [0, 2, 5, 7, 10, 12, 15, 17], 0.8),
    ],
)
def test_listed_pictures_are_used_as_they_are_up_to_a_number(
    given: int, spec: ClipSpec, chosen: list[int], fps: float, listed: list[str]
) -> None:
    clip, shape = decode(listing(listed[:given]), spec), probe(listing(listed[:given]), spec)
    assert shape.fps == clip.fps == pytest.approx(fps)
    assert (shape.frames, shape.height, shape.width, 3) == clip.frames.shape == (len(chosen), 48, 64, 3)
    several = "its pictures have several sizes (64 x 48, 128 x 96); all are given that of the first"
    assert clip.notes == ((several,) if 1 in chosen else ())
    for frame, number in zip(clip.frames, chosen, strict=True):
        if number != 1:
            np.testing.assert_array_equal(frame, picture(number))


def test_a_listed_picture_that_is_missing_or_a_range_is_refused(listed: list[str]) -> None:
    with pytest.raises(MediaError, match=r"absent\.png: no such image file"):
        decode(listing([*listed[:3], "absent.png"]), ClipSpec())
    with pytest.raises(MediaError, match=r"absent\.png: no such image file"):
        check_media(listing([*listed[:3], "absent.png"]))
    with pytest.raises(MediaError, match="a list of frames has no `start` and `end`; list the frames that are meant"):
        decode(Medium("video", "frames", frames=tuple(listed), start=1.0), ClipSpec())
