"""Sizes that models take, and pictures as they are shown."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from transformers.models.qwen2_vl.video_processing_qwen2_vl import smart_resize

from rollout.media.display import Turn, check_aspect, fitting, squared
from rollout.media.medium import MediaError


@pytest.mark.parametrize("max_pixels", [784, 100_352, 768 * 28 * 28])
def test_large_pictures_get_the_size_that_qwens_preprocessing_gives_them(max_pixels: int) -> None:
    draw = np.random.default_rng(0)
    for width, height in [
        (1280, 720),
        (3840, 2160),
        (330, 300),
        (349, 293),
        (5000, 30),
        *draw.integers(28, 3000, (300, 2)).tolist(),
    ]:
        if max(width, height) > 200 * min(width, height):
            continue
        wanted = smart_resize(height, width, 28, 784, max_pixels)
        given = fitting(width, height, max_pixels)
        if given != (width, height):
            assert given == wanted[::-1]
        # either way the checkpoint's processor arrives at the same size
        assert smart_resize(given[1], given[0], 28, 784, 2**40) == wanted


def test_small_pictures_keep_their_size() -> None:
    assert fitting(56, 56, 100_352) == (56, 56)
    assert fitting(63, 47, 100_352) == (63, 47)


@pytest.mark.parametrize("size", [(2000, 10), (2000, 9), (9, 2000), (30_000, 140), (30_000, 160), (1, 200), (201, 1)])
def test_a_picture_is_refused_exactly_if_the_processor_refuses_what_it_becomes(size: tuple[int, int]) -> None:
    width, height = fitting(*size, 100_352)
    try:
        smart_resize(height, width)
    except ValueError:
        with pytest.raises(MediaError, match=f"^clip: has {size[0]} x {size[1]} pixels, .*; crop it or remove its rows$"):
            check_aspect("clip", *size, 100_352)
    else:
        check_aspect("clip", *size, 100_352)


def test_a_size_that_is_not_known_yet_passes() -> None:
    check_aspect("clip", 0, 0, 100_352)


def test_wide_pixels_are_stretched() -> None:
    assert squared(720, 576, Fraction(16, 15)) == (768, 576)
    assert squared(720, 576, None) == squared(720, 576, Fraction(0)) == (720, 576)


def test_turns() -> None:
    stored = np.arange(6).reshape(2, 3, 1)
    quarter = Turn(transposed=True, flipped=True)
    np.testing.assert_array_equal(quarter.of(stored), np.rot90(stored))
    assert quarter.size(3, 2) == (2, 3)
    np.testing.assert_array_equal(Turn(mirrored=True, flipped=True).of(stored), np.rot90(stored, 2))
    assert Turn().of(stored) is not None and Turn(mirrored=True).size(3, 2) == (3, 2)
