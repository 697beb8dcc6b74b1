"""Drawn people: a small, honest stand-in for face video, with a known affective tree.

A face has an identity (hair, glasses, hat, skin), a setting (lighting) and a performance that unfolds
over the clip: brows, eyes, a mouth that goes from an onset to an apex, a head pose. The emotion follows
from the performance *and* its course *and* the setting (`emotion_of`), so that no single cue and no
single frame decides every class: a smile that fades is sad, one that grows is happy; raised brows over
an opening mouth are surprise in a bright scene and fear in a dim one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageDraw

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person

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

HAIR_COLORS = {
    "black": (25, 20, 30),
    "brown": (125, 70, 25),
    "blond": (240, 205, 70),
    "red": (205, 55, 30),
    "white": (235, 235, 240),
}
SKINS = {"light": (245, 205, 170), "dark": (130, 85, 60)}
LIGHTS = {"bright": (170, 215, 255), "dim": (30, 35, 75)}
BROWS = ("raised", "level", "lowered")
EYES = ("narrow", "normal", "wide")
MOUTHS = ("up", "flat", "down", "open")
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


@dataclass(frozen=True)
class Identity:
    """What does not change about a person. No identity occurs in two splits."""

    hair_color: str
    hair_length: str
    eyeglasses: str
    hat: str
    skin: str
    width: int
    """Half-width of the head in 1/112 of the frame; makes people of the same description differ."""


@dataclass(frozen=True)
class Performance:
    """What happens in one clip."""

    brow: str
    eyes: str
    onset: str
    apex: str
    head: str
    light: str


@dataclass(frozen=True)
class Face:
    identity: Identity
    performance: Performance


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
    """Wide eyes strengthen, narrow eyes weaken; a growing course adds a degree, a fading one takes one."""
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


TREE_ASPECTS = ("hair color", "eyeglasses", "hat", "lighting", "eyebrow angle", "eye size", "mouth onset", "mouth apex")
"""The aspects that a gold tree states; the others occur in questions only."""


def gold_tree(face: Face) -> AffectiveTree:
    """The affective tree that is true of a face."""
    seen = attributes_of(face)
    attributes = tuple(Attribute(f"a{n}", aspect, seen[aspect]) for n, aspect in enumerate(TREE_ASPECTS, 1))
    ids = {attribute.aspect: attribute.id for attribute in attributes}
    what = face.performance
    expressions = tuple(
        Expression(f"e{n}", name, tuple(ids[aspect] for aspect in aspects))
        for n, (name, aspects) in enumerate(_expressions(what), 1)
    )
    emotion = emotion_of(what)
    intensity = None if emotion == "neutral" else intensity_of(what)
    root = Emotion("m1", emotion, intensity, tuple(e.id for e in expressions))
    return AffectiveTree((Person(attributes, expressions, (root,)),))


def _expressions(what: Performance) -> list[tuple[str, tuple[str, ...]]]:
    brow = {"raised": "brow raise", "level": "brow at rest", "lowered": "scowl"}[what.brow]
    eyes = {"narrow": "squint", "normal": "plain gaze", "wide": "stare"}[what.eyes]
    return [
        (f"{what.light} scene", ("lighting",)),
        (brow, ("eyebrow angle",)),
        (eyes, ("eye size",)),
        (COURSES[(what.onset, what.apex)], ("mouth onset", "mouth apex")),
    ]


CONFUSED = {"fear": "surprise", "disgust": "angry", "sad": "neutral"}
"""What a careless captioner writes for an emotion that it does not tell from its neighbour."""


def confuse(tree: AffectiveTree) -> AffectiveTree:
    """The tree as a careless captioner writes it: right in all that is seen, wrong in some emotions."""
    (person,) = tree.persons
    emotions = tuple(replace(m, label=CONFUSED.get(m.label, m.label)) for m in person.emotions)
    return AffectiveTree((replace(person, emotions=emotions),))


def action_units(performance: Performance) -> tuple[str, ...]:
    """The FACS action units that a performance shows, in order."""
    units: set[str] = set()
    units |= {"raised": {"AU1", "AU2"}, "level": set(), "lowered": {"AU4"}}[performance.brow]
    units |= {"narrow": {"AU7"}, "normal": set(), "wide": set()}[performance.eyes]
    for mouth in (performance.onset, performance.apex):
        units |= {"up": {"AU12"}, "flat": set(), "down": {"AU15"}, "open": {"AU25", "AU26"}}[mouth]
    return tuple(sorted(units, key=lambda unit: int(unit[2:])))


def draw_performance(rng: np.random.Generator) -> Performance:
    """A performance whose emotion is uniform over the seven classes."""
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


def draw_frames(face: Face, frames: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a clip. Returns uint8 RGB of shape (frames, size, size, 3); the mouth changes at half time."""
    drift = rng.integers(-1, 2, size=2)
    noise = rng.normal(0, 3, size=(frames, size, size, 1))
    images = []
    for index in range(frames):
        mouth = face.performance.onset if index < frames / 2 else face.performance.apex
        shake = drift + rng.integers(0, 2, size=2)
        images.append(np.asarray(_draw(face, mouth, int(shake[0]), int(shake[1]), size), dtype=np.float64))
    return np.clip(np.stack(images) + noise, 0, 255).astype(np.uint8)


_CANVAS = 112
"""Faces are drawn on a 112 x 112 canvas: the upper half holds brows and eyes, the lower half the mouth,
so that cues fall into different 28-pixel vision tokens of a 56 x 56 frame."""


def _draw(face: Face, mouth: str, dx: int, dy: int, size: int) -> Image.Image:
    who, what = face.identity, face.performance
    image = Image.new("RGB", (_CANVAS, _CANVAS), LIGHTS[what.light])
    pen = ImageDraw.Draw(image)
    hair = HAIR_COLORS[who.hair_color]
    ink = (15, 5, 5)
    cx = _CANVAS // 2 + dx
    left, right = cx - who.width, cx + who.width
    if who.hair_length == "long":
        pen.rectangle((left - 9, 18 + dy, right + 9, 104 + dy), fill=hair)
    pen.ellipse((left - 6, 2 + dy, right + 6, 70 + dy), fill=hair)
    pen.ellipse((left, 8 + dy, right, 110 + dy), fill=SKINS[who.skin])
    pen.pieslice((left, 2 + dy, right, 30 + dy), 180, 360, fill=hair)
    if who.hat == "yes":
        pen.rectangle((left - 10, 9 + dy, right + 10, 15 + dy), fill=(40, 160, 60))
        pen.rectangle((left + 4, dy, right - 4, 12 + dy), fill=(40, 160, 60))
    dy += 3 if what.head == "down" else 0
    for side in (-1, 1):
        _draw_eye(pen, cx + side * 17, 41 + dy, side, what, who.eyeglasses == "yes", ink)
    _draw_mouth(pen, cx, 82 + dy, mouth)
    return image.resize((size, size), Image.Resampling.BOX)


def _draw_eye(
    pen: ImageDraw.ImageDraw, x: int, y: int, side: int, what: Performance, glasses: bool, ink: tuple[int, int, int]
) -> None:
    if glasses:
        pen.rectangle((x - 15, y - 12, x + 15, y + 13), fill=(120, 235, 235), outline=(200, 30, 190), width=4)
    if what.eyes == "narrow":  # heavy lids
        pen.ellipse((x - 12, y - 5, x + 12, y + 7), fill=(110, 60, 110))
        pen.line((x - 11, y + 3, x + 11, y + 3), fill=ink, width=3)
    else:
        half, pupil = {"normal": (6, 6), "wide": (13, 4)}[what.eyes]
        pen.ellipse((x - 12, y - half, x + 12, y + half), fill=(255, 255, 255), outline=ink)
        pen.ellipse((x - pupil, y - pupil, x + pupil, y + pupil), fill=(20, 20, 120))
    lift, tilt = {"raised": (-21, -5), "level": (-16, 0), "lowered": (-13, 8)}[what.brow]
    inner, outer = (x - side * 13, y + lift + tilt), (x + side * 13, y + lift - tilt)
    pen.line((inner, outer), fill=ink, width=7)
    if what.brow == "lowered":  # the furrow between lowered brows
        pen.rectangle((x - side * 18 - 4, y - 15, x - side * 18 + 4, y + 3), fill=(190, 30, 20))


def _draw_mouth(pen: ImageDraw.ImageDraw, x: int, y: int, mouth: str) -> None:
    lips = (200, 20, 40)
    if mouth == "up":  # teeth show
        pen.chord((x - 24, y - 24, x + 24, y + 18), 10, 170, fill=(255, 255, 255), outline=lips, width=4)
    elif mouth == "down":
        pen.chord((x - 24, y - 8, x + 24, y + 32), 190, 350, fill=(150, 15, 60))
    elif mouth == "open":
        pen.ellipse((x - 15, y - 16, x + 15, y + 20), fill=(40, 0, 10), outline=lips, width=4)
    else:
        pen.rectangle((x - 16, y - 2, x + 16, y + 3), fill=lips)
