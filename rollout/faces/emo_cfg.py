"""A small folder laid out like Emo-CFG, the paper's data set, with drawn people.

    jsons/{train,test}/{attribute,caption,emotion,qa,rationale}/{full,sampled}/*.json    JSON arrays in ms-swift's form
    videos/<DATASET>/*.mp4
    magpie/train.jsonl                                                                   text-only rows, as MAGPIE has them

Its questions are those that the paper shows (figures 12 to 25), as far as drawn faces can answer them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rollout.faces.dataset import CLIP_FPS, CLIP_FRAMES, CLIP_SIZE, encode_video, people_by_split
from rollout.faces.drawing import draw_frames
from rollout.faces.emo_cfg_questions import questions
from rollout.faces.people import Face, draw_performance

_SAMPLED = 4
"""Rows of a file that are in its `sampled` one."""
_MAGPIE = (
    ("What is a frown?", "A frown is an expression in which the brows are drawn together."),
    ("Name three colors of hair.", "Black, brown and blond."),
    ("Which is larger, 12 or 21?", "21 is larger."),
    ("Write a sentence about the sea.", "The sea is calm in the morning."),
)


def make_emo_cfg(directory: Path, clips: int = 8, seed: int = 0) -> Path:
    """Draw the folder.

    Args:
        directory: where to write; what is there of the same names is written over.
        clips: clips of train; test has half as many.
        seed: the same seed draws the same folder.
    """
    rng = np.random.default_rng(seed)
    sizes = {"train": clips, "test": max(2, clips // 2)}
    people = people_by_split({**sizes, "val": 0}, rng)
    for split, count in sizes.items():
        files: dict[str, list[dict[str, Any]]] = {}
        for number in range(count):
            face = Face(people[split][number], draw_performance(rng))
            frames = draw_frames(face, CLIP_FRAMES, CLIP_SIZE, rng)
            for file, row in _rows(directory, split, number, face, frames):
                files.setdefault(file, []).append(row)
        for file, rows in files.items():
            for which, kept in (("full", rows), ("sampled", rows[:_SAMPLED])):
                folder, name = file.split("/")
                _write(directory / "jsons" / split / folder / which / f"{name}.json", json.dumps(kept, indent=1))
    lines = [
        {"uuid": str(number), "conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": told}]}
        for number, (asked, told) in enumerate(_MAGPIE)
    ]
    _write(directory / "magpie" / "train.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    return directory


def _rows(directory: Path, split: str, number: int, face: Face, frames: np.ndarray) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a person, each with the file that it belongs to. Their clip is written once for each data set."""
    for one in questions(face, careless=number % 5 == 4):
        video = Path("videos") / one.dataset / f"{split}_{number:04d}.mp4"
        if not (directory / video).exists():
            (directory / video).parent.mkdir(parents=True, exist_ok=True)
            encode_video(directory / video, frames, CLIP_FPS)
        messages = [
            {"role": ("user", "assistant")[place % 2], "content": f"<video>.{text}" if place == 0 else text}
            for place, text in enumerate(one.turns)
        ]
        file = one.file.format(split=split)
        yield file, {"messages": messages, "videos": [video.as_posix()], "source": one.source}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
