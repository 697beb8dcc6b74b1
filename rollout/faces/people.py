"""The people of the drawn data set: what they look like, what they show, and what they feel.

A face has an identity (hair, glasses, hat, skin), a setting (lighting) and a performance that unfolds over the clip: brows, eyes,
a mouth that goes from an onset to an apex, a head pose. The emotion follows from the performance *and* its course *and* the
setting (`emotion_of`), so that no single cue and no single frame decides every class: a smile that fades is sad, one that grows
is happy; raised brows over an opening mouth are surprise in a bright scene and fear in a dim one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

EMOTIONS = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
INTENSITIES = ("weak", "medium", "strong")

ASPECT_VALUES = {
    "hair color": ("black", "brown", "blond", "red", "white"),
    "hair length": ("short", "long"),
    "skin color": ("light", "dark"),
    "head pose": ("front", "down"),
    "eyeglasses": ("yes", "no"),
    "hat": ("yes", "no"),
    "lighting": ("bright", "dim"),
    "eyebrow angle": ("raised", "level", "lowered"),
    "eye size": ("narrow", "normal", "wide"),
    "mouth onset": ("up", "flat", "down", "open"),
    "mouth apex": ("up", "flat", "down", "open"),
}
"""What is drawn and asked about; fewer words than the taxonomy knows."""
BROWS, EYES, LIGHTS = (ASPECT_VALUES[aspect] for aspect in ("eyebrow angle", "eye size", "lighting"))

COURSES = {
    ("up", "up"): "smile steady",
    ("flat", "up"): "smile growing",
    ("up", "flat"): "smile fading",
    ("down", "down"): "frown steady",
    ("flat", "down"): "frown growing",
    ("open", "open"): "gape steady",
    ("flat", "open"): "gape growing",
    ("flat", "flat"): "mouth at rest",
}
"""(mouth's onset, its apex) -> the course of the mouth; no other pairs are drawn."""


@dataclass(frozen=True)
class Identity:
    """What does not change about a person."""

    hair_color: str
    hair_length: str
    eyeglasses: str
    hat: str
    skin: str
    width: int
    """Half of the head's width, in 1/112 of the frame's. People of one description differ by it."""


@dataclass(frozen=True)
class Performance:
    """What happens in one clip; each value is one of `ASPECT_VALUES`."""

    brow: str
    eyes: str
    onset: str
    apex: str
    head: str
    light: str


@dataclass(frozen=True)
class Face:
    """Somebody who shows something: all that a clip is drawn from."""

    identity: Identity
    performance: Performance


def all_identities() -> list[Identity]:
    """Everybody who can be drawn."""
    return [
        Identity(color, length, glasses, hat, skin, width)
        for color in ASPECT_VALUES["hair color"]
        for length in ASPECT_VALUES["hair length"]
        for glasses in ASPECT_VALUES["eyeglasses"]
        for hat in ASPECT_VALUES["hat"]
        for skin in ASPECT_VALUES["skin color"]
        for width in range(33, 39)
    ]


def emotion_of(performance: Performance) -> str:
    """The emotion of a performance: brow, the mouth's course and the setting together."""
    brow, dim = performance.brow, performance.light == "dim"
    course = COURSES[(performance.onset, performance.apex)]
    if course in ("smile steady", "smile growing"):
        return "disgust" if brow == "lowered" else "happy"
    if course == "smile fading":
        return "sad"
    if course in ("frown steady", "frown growing"):
        if brow == "lowered":
            return "angry"
        return "fear" if brow == "raised" and dim else "sad"
    if course == "gape growing":
        if brow == "lowered":
            return "disgust"
        return "fear" if dim else "surprise"
    if course == "gape steady":
        if brow == "lowered":
            return "angry"
        return "fear" if brow == "raised" else "disgust"
    if brow == "lowered":
        return "angry"
    if brow == "raised":
        return "fear" if dim else "surprise"
    return "neutral"


def intensity_of(performance: Performance) -> str:
    """How strong the emotion is: wide eyes and a growing course add a degree each, narrow eyes and a fading one take one."""
    course = COURSES[(performance.onset, performance.apex)]
    degree = EYES.index(performance.eyes) + course.endswith("growing") - course.endswith("fading")
    return INTENSITIES[min(max(degree, 0), 2)]


def attributes_of(face: Face) -> dict[str, str]:
    """Everything that can be asked about a face, by aspect."""
    who, what = face.identity, face.performance
    return {
        "hair color": who.hair_color,
        "hair length": who.hair_length,
        "skin color": who.skin,
        "eyeglasses": who.eyeglasses,
        "hat": who.hat,
        "head pose": what.head,
        "lighting": what.light,
        "eyebrow angle": what.brow,
        "eye size": what.eyes,
        "mouth onset": what.onset,
        "mouth apex": what.apex,
    }


def action_units(performance: Performance) -> tuple[str, ...]:
    """The FACS action units that a performance shows, in order."""
    units: set[str] = set()
    units |= {"raised": {"AU1", "AU2"}, "level": set(), "lowered": {"AU4"}}[performance.brow]
    units |= {"narrow": {"AU7"}, "normal": set(), "wide": set()}[performance.eyes]
    for mouth in (performance.onset, performance.apex):
        units |= {"up": {"AU12"}, "flat": set(), "down": {"AU15"}, "open": {"AU25", "AU26"}}[mouth]
    return tuple(sorted(units, key=lambda unit: int(unit[2:])))


def draw_performance(rng: np.random.Generator) -> Performance:
    """A performance at random; each of the seven emotions is as likely as the others."""
    emotion = EMOTIONS[rng.integers(len(EMOTIONS))]
    ways = _ways(emotion)
    brow, onset, apex, light = ways[rng.integers(len(ways))]
    eyes, head = EYES[rng.integers(3)], ("front", "down")[rng.integers(2)]
    return Performance(brow, eyes, onset, apex, head, light)


@lru_cache(maxsize=len(EMOTIONS))
def _ways(emotion: str) -> tuple[tuple[str, str, str, str], ...]:
    """Every (brow, onset, apex, light) that shows this emotion."""
    combinations = ((b, o, a, li) for b, (o, a), li in product(BROWS, COURSES, LIGHTS))
    return tuple(c for c in combinations if emotion_of(Performance(c[0], "normal", c[1], c[2], "front", c[3])) == emotion)
