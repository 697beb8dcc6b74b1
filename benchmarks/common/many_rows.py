"""A folder laid out like Emo-CFG, with as many rows and clips as are asked for: every clip is a link to one drawn clip."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rollout.faces.dataset import make_faces

_A_FILE = 40_000
"""Rows of a file at most."""
_A_FOLDER = 1000
"""Clips of a folder."""
_KINDS = (
    ("attribute", "CelebV-HQ_QA_Chin", "What is the chin shape? A.pointed chin B.round chin", "B"),
    ("attribute", "CelebV-HQ_QA_Hair", "What is the hair color? A.black B.brown C.blond", "C"),
    ("qa", "CelebV-Text_QA_Age", "How old is the person in the center of the video?", "about thirty"),
    ("emotion", "MEAD", "Please watch the video clip and identify the expression on the person's face: (A) Angry (B) Happy", "B"),
    ("caption", "CelebV-Text", "Please describe the expression of the person in the video.", "A woman smiles, and then frowns."),
)
"""Folder, source, question and answer of the kinds of rows."""


def make_rows(folder: Path, rows: int, clips: int) -> Path:
    """Write the folder: so many training rows about so many clips, and 500 test rows.

    Args:
        folder: a folder to make.
        rows: training rows; all kinds have equally many.
        clips: clips; each has as many rows.
    """
    drawn = next((make_faces(folder / "drawn", clips=8, seed=0).directory / "videos").iterdir())
    for number in range(clips):
        _link(drawn, folder / _clip(number), number)
    for split, count in (("train", rows), ("test", min(rows, 500))):
        for number, kind in enumerate(_KINDS):
            mine = range(number, count, len(_KINDS))
            for part, start in enumerate(range(0, len(mine), _A_FILE)):
                file = folder / "jsons" / split / kind[0] / "full" / f"{kind[1]}_{part}.json"
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("w", encoding="utf-8") as opened:
                    opened.writelines(_array(_row(kind, row, clips) for row in mine[start : start + _A_FILE]))
    return folder


def _row(kind: tuple[str, str, str, str], number: int, clips: int) -> dict[str, Any]:
    _, source, question, answer = kind
    turns = [{"role": "user", "content": f"<video>.{question}"}, {"role": "assistant", "content": answer}]
    return {"messages": turns, "videos": [_clip(number // len(_KINDS) % clips)], "source": source, "id": number}


def _clip(number: int) -> str:
    return f"videos/{number // _A_FOLDER:04d}/{number:07d}.mp4"


def _link(drawn: Path, clip: Path, number: int) -> None:
    clip.parent.mkdir(parents=True, exist_ok=True)
    first = clip.parent / "first.mp4"  # a file has a limited number of links
    if not first.exists():
        shutil.copyfile(drawn, first)
    os.link(first, clip)


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    between = "["
    for row in rows:
        yield between + json.dumps(row)
        between = ",\n"
    yield "]\n"
