"""Clips of drawn people: a small, honest stand-in for face video."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rollout.faces.people import Face, Performance

HAIR_COLORS = {
    "black": (25, 20, 30),
    "brown": (125, 70, 25),
    "blond": (240, 205, 70),
    "red": (205, 55, 30),
    "white": (235, 235, 240),
}
SKIN_COLORS = {"light": (245, 205, 170), "dark": (130, 85, 60)}
LIGHT_COLORS = {"bright": (170, 215, 255), "dim": (30, 35, 75)}


def draw_frames(face: Face, frames: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a clip, in which the mouth changes at half time.

    Args:
        face: who is drawn and what they show.
        frames: how many.
        size: height and width in pixels.
        rng: draws noise, and how the head moves.

    Returns:
        uint8 RGB, (frames, size, size, 3).
    """
    drift = rng.integers(-1, 2, size=2)
    noise = rng.normal(0, 3, size=(frames, size, size, 1))
    images = []
    for index in range(frames):
        mouth = face.performance.onset if index < frames / 2 else face.performance.apex
        shake = drift + rng.integers(0, 2, size=2)
        images.append(np.asarray(_draw(face, mouth, int(shake[0]), int(shake[1]), size), dtype=np.float64))
    return np.clip(np.stack(images) + noise, 0, 255).astype(np.uint8)


_CANVAS = 112
"""Height and width that faces are drawn at, before they are scaled. The upper half holds brows and eyes, the lower half the
mouth, so that cues fall into different vision tokens, of 28 pixels each, of a 56 x 56 frame."""


def _draw(face: Face, mouth: str, dx: int, dy: int, size: int) -> Image.Image:
    who, what = face.identity, face.performance
    image = Image.new("RGB", (_CANVAS, _CANVAS), LIGHT_COLORS[what.light])
    pen = ImageDraw.Draw(image)
    hair = HAIR_COLORS[who.hair_color]
    ink = (15, 5, 5)
    cx = _CANVAS // 2 + dx
    left, right = cx - who.width, cx + who.width
    if who.hair_length == "long":
        pen.rectangle((left - 9, 18 + dy, right + 9, 104 + dy), fill=hair)
    pen.ellipse((left - 6, 2 + dy, right + 6, 70 + dy), fill=hair)
    pen.ellipse((left, 8 + dy, right, 110 + dy), fill=SKIN_COLORS[who.skin])
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
