"""Frames of drawn people: what they show can be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rollout.faces.drawing import draw_frames
from rollout.faces.people import ASPECT_VALUES, Face, Identity, Performance

SOMEONE = Identity("brown", "short", "no", "no", "light", 35)
SMILE = Performance("level", "normal", "flat", "up", "front", "bright")


def clip(face: Face, frames: int = 8, size: int = 56) -> np.ndarray:
    return draw_frames(face, frames, size, np.random.default_rng(0))


def test_mouths_change_at_half_time_and_are_visible() -> None:
    frames = clip(Face(SOMEONE, SMILE)).astype(float)
    within = np.abs(frames[0] - frames[3]).mean()
    across = np.abs(frames[0] - frames[4]).mean()
    assert across > within


def test_clips_have_the_size_that_is_asked_for_and_repeat() -> None:
    frames = clip(Face(SOMEONE, SMILE), frames=6, size=112)
    assert (frames.shape, frames.dtype) == ((6, 112, 112, 3), np.uint8)
    np.testing.assert_array_equal(frames, clip(Face(SOMEONE, SMILE), frames=6, size=112))


LOOKS = {"hair color": "hair_color", "hair length": "hair_length", "skin color": "skin", "eyeglasses": "eyeglasses", "hat": "hat"}
SHOWS = {"head pose": "head", "lighting": "light", "eyebrow angle": "brow", "eye size": "eyes"}


@pytest.mark.parametrize("aspect", [*LOOKS, *SHOWS])
def test_every_value_of_an_aspect_looks_different(aspect: str) -> None:
    if aspect in LOOKS:
        faces = [Face(replace(SOMEONE, **{LOOKS[aspect]: value}), SMILE) for value in ASPECT_VALUES[aspect]]
    else:
        faces = [Face(SOMEONE, replace(SMILE, **{SHOWS[aspect]: value})) for value in ASPECT_VALUES[aspect]]
    clips = [clip(face).astype(float) for face in faces]  # with the same noise and movement
    for number, one in enumerate(clips):
        assert all(np.abs(one - other).max() > 50 for other in clips[:number])
