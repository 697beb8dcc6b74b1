"""The rules of the drawn world: what people show, and what follows from it."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np

from rollout.faces.people import (
    ASPECT_VALUES,
    BROWS,
    COURSES,
    EMOTIONS,
    EYES,
    LIGHTS,
    Face,
    Performance,
    action_units,
    all_identities,
    attributes_of,
    draw_performance,
    emotion_of,
    intensity_of,
)


def performances() -> list[Performance]:
    return [Performance(b, "normal", o, a, "front", li) for b, (o, a), li in product(BROWS, COURSES, LIGHTS)]


def test_no_single_cue_decides_the_emotion() -> None:
    for cue in ("brow", "onset", "apex", "light"):
        by_value: dict[str, set[str]] = {}
        for performance in performances():
            by_value.setdefault(getattr(performance, cue), set()).add(emotion_of(performance))
        assert all(len(emotions) > 1 for emotions in by_value.values()), cue


def test_one_frame_is_not_enough_for_some_classes() -> None:
    for frame in ("onset", "apex"):
        seen: dict[tuple[str, str, str], set[str]] = {}
        for p in performances():
            seen.setdefault((p.brow, getattr(p, frame), p.light), set()).add(emotion_of(p))
        assert any(len(emotions) > 1 for emotions in seen.values())


def test_every_emotion_is_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {emotion_of(draw_performance(rng)) for _ in range(200)} == set(EMOTIONS)


def test_emotions_are_drawn_evenly() -> None:
    rng = np.random.default_rng(0)
    counts = Counter(emotion_of(draw_performance(rng)) for _ in range(7000))
    assert min(counts.values()) > 900


def test_eyes_and_the_course_of_the_mouth_say_how_strong_an_emotion_is() -> None:
    def intensities(onset: str, apex: str) -> list[str]:
        return [intensity_of(Performance("level", eyes, onset, apex, "front", "bright")) for eyes in EYES]

    assert intensities("up", "up") == ["weak", "medium", "strong"]
    assert intensities("flat", "up") == ["medium", "strong", "strong"]
    assert intensities("up", "flat") == ["weak", "weak", "medium"]


def test_action_units_are_those_of_all_that_is_shown_in_order() -> None:
    assert action_units(Performance("raised", "narrow", "flat", "open", "front", "dim")) == ("AU1", "AU2", "AU7", "AU25", "AU26")
    assert action_units(Performance("lowered", "wide", "up", "flat", "front", "dim")) == ("AU4", "AU12")
    assert action_units(Performance("level", "normal", "flat", "flat", "front", "dim")) == ()


def test_everybody_is_described_by_words_that_can_be_asked_about() -> None:
    everybody = all_identities()
    assert len(set(everybody)) == len(everybody) == 5 * 2 * 2 * 2 * 2 * 6
    for identity in everybody:
        seen = attributes_of(Face(identity, performances()[0]))
        assert seen.keys() == ASPECT_VALUES.keys()
        assert all(value in ASPECT_VALUES[aspect] for aspect, value in seen.items())
