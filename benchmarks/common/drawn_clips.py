"""Clips of drawn people in the sizes that benchmarks ask for, with rows about them that affectree and its peers read alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rollout.faces.dataset import CLIP_FPS, CLIP_FRAMES, CLIP_SIZE, encode_video
from rollout.faces.drawing import draw_frames
from rollout.faces.people import Face, all_identities, draw_performance
from rollout.faces.questions import clip_rows

Row = dict[str, Any]
"""A row in ms-swift's form, as it stands in a file of rows."""


@dataclass(frozen=True)
class ClipShape:
    """A clip: people side by side, each in a square of this many pixels."""

    side: int = CLIP_SIZE
    people: int = 1
    frames: int = CLIP_FRAMES
    fps: int = CLIP_FPS

    @property
    def tokens(self) -> int:
        """What Qwen2.5-VL makes of the two frames a second that are sampled: a token for 2 frames of 28 x 28 pixels."""
        return 2 * self.frames // self.fps // 2 * self.people * (self.side // 28) ** 2


QUICKSTART = ClipShape()
"""8 tokens."""
HALF = ClipShape(side=224, frames=16, fps=2)
"""512 tokens."""
WHOLE = ClipShape(side=224, people=2, frames=16, fps=2)
"""1,024 tokens: 16 frames of 100,352 pixels, the most that the paper's settings let a clip have."""

FIVE = ("attribute_closed", "appearance_caption", "expression_caption", "emotion_single", "rationale")
"""Tasks of the five rows about a clip; a question with its answer has 70 tokens in the mean of them."""


def draw(folder: Path, shape: ClipShape, clips: int, tasks: Sequence[str], seed: int = 0) -> list[Row]:
    """Draw clips into a folder. Returns a row of each task about each of them, clip by clip, with absolute paths."""
    rng = np.random.default_rng(seed)
    everybody = all_identities()
    found: list[Row] = []
    for number in range(clips):
        faces = [Face(everybody[rng.integers(len(everybody))], draw_performance(rng)) for _ in range(shape.people)]
        file = (folder / f"{number:05d}.mp4").absolute()
        drawn = [draw_frames(face, shape.frames, shape.side, rng) for face in faces]
        encode_video(file, np.concatenate(drawn, axis=2), shape.fps)
        by_task: dict[str, Row] = {}
        for row in clip_rows(str(file), faces[0], rng, careless=None):
            by_task.setdefault(row["task"], row)
        found += [by_task[task] for task in tasks]
    return found


def write_rows(file: Path, rows: Iterable[Row]) -> Path:
    """Write rows as JSON lines; returns the file."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def texts(rows: Iterable[Row]) -> list[str]:
    """What the rows say, for a tiny model's tokenizer."""
    return [turn["content"].removeprefix("<video>") for row in rows for turn in row["messages"]]


def fresh(folder: Path, name: str) -> Path:
    """A new folder in a folder."""
    made = folder / name
    made.mkdir()
    return made
