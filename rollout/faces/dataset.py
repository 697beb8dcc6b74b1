"""Writes the data set of drawn faces: H.264 clips, and rows in ms-swift form for train, val and test."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from rewards.errors import UserError
from rollout.faces.drawing import draw_frames
from rollout.faces.people import Face, Identity, all_identities, draw_performance
from rollout.faces.questions import clip_rows

SPLITS = ("train", "val", "test")
CLIP_FPS = 4
CLIP_FRAMES = 8
CLIP_SIZE = 56
"""Height and width of a clip in pixels."""


@dataclass(frozen=True)
class FacesReport:
    """What was written: how many clips and rows, by split."""

    directory: Path
    clips: dict[str, int]
    rows: dict[str, int]


def check_empty(directory: Path) -> None:
    """Raise `UserError` unless a data set can be drawn into a folder, which is empty or missing."""
    if directory.is_file():
        raise UserError(f"{directory} is a file, and a data set is drawn into a folder; choose another place")
    if directory.exists() and any(directory.iterdir()):
        raise UserError(
            f"{directory} exists and is not empty, so that nothing is drawn into it; choose another place, or remove it"
        )


def make_faces(
    directory: Path,
    clips: int,
    seed: int,
    careless: float = 0.0,
    progress: Callable[[str, int], None] = lambda split, done: None,
) -> FacesReport:
    """Draw `clips` clips for training, and a quarter as many (at least 8) for each of val and test.

    The folder is written aside and renamed, so that a half-written data set never looks whole.

    Two of three training clips are captioned (source `faces/rationale_captioned`); every third is verified
    (`faces/rationale_verified`), as are all of val and test. This is the paper's situation: tuning imitates captions that a
    model wrote, the reward compares with verified trees (VidEmo, sections 3.2 and 4).

    Args:
        directory: where to write; empty or missing.
        clips: how many training clips.
        seed: the same seed draws the same data set.
        careless: how many of the captioned rationales are written by a captioner who takes fear, disgust and sadness for
            their neighbours, as a share from 0 to 1.
        progress: called after each clip with its split and how many of that split are done.

    Raises:
        UserError: if `clips` is smaller than 1, `careless` is no share, or `directory` is a file or not empty.
    """
    if clips < 1:
        raise UserError(f"the number of clips must be at least 1, found {clips}")
    if not 0 <= careless <= 1:
        raise UserError(f"the careless share must lie between 0 and 1, found {careless}")
    check_empty(directory)
    sizes = {"train": clips, "val": max(8, clips // 4), "test": max(8, clips // 4)}
    aside = directory.with_name(f".{directory.name}.{os.getpid()}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        row_counts = _draw_splits(aside, sizes, seed, careless, progress)
        if directory.exists():
            directory.rmdir()
        aside.rename(directory)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return FacesReport(directory, sizes, row_counts)


def _draw_splits(
    folder: Path, sizes: dict[str, int], seed: int, careless: float, progress: Callable[[str, int], None]
) -> dict[str, int]:
    """Write all clips and rows; returns the number of rows by split."""
    (folder / "videos").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    people = people_by_split(sizes, rng)
    row_counts: dict[str, int] = {}
    for split in SPLITS:
        jobs = [
            (f"{split}_{number:05d}", Face(people[split][number], draw_performance(rng)), int(rng.integers(2**63)))
            for number in range(sizes[split])
        ]
        shares = [careless if is_captioned(split, number) else None for number in range(len(jobs))]
        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
                written = pool.map(lambda share, job: _write_clip(folder / "videos", share, *job), shares, jobs)
                row_counts[split] = 0
                for done, rows in enumerate(written, start=1):
                    file.writelines(json.dumps(row) + "\n" for row in rows)
                    row_counts[split] += len(rows)
                    progress(split, done)
        finally:
            pool.shutdown(cancel_futures=True)
    return row_counts


def is_captioned(split: str, number: int) -> bool:
    """Whether the captioner wrote a clip's rationale; that of every third training clip was verified."""
    return split == "train" and number % 3 != 2


def people_by_split(sizes: dict[str, int], rng: np.random.Generator) -> dict[str, list[Identity]]:
    """The person of each clip, by split. Nobody is in two splits; clips of one split may show the same person."""
    everybody = all_identities()
    pool = [everybody[i] for i in rng.permutation(len(everybody))]
    weights = np.array([0.6, 0.2, 0.2])
    bounds = np.floor(np.cumsum(weights) * len(pool)).astype(int)[:-1]
    apart = dict(zip(SPLITS, np.split(np.arange(len(pool)), bounds), strict=True))
    return {split: [pool[i] for i in rng.choice(apart[split], size=sizes[split])] for split in SPLITS}


def _write_clip(videos: Path, careless: float | None, name: str, face: Face, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    frames = draw_frames(face, CLIP_FRAMES, CLIP_SIZE, rng)
    encode_video(videos / f"{name}.mp4", frames, CLIP_FPS)
    return list(clip_rows(f"videos/{name}.mp4", face, rng, careless))


def encode_video(path: Path, frames: np.ndarray, fps: int) -> None:
    """Write uint8 RGB frames (T, H, W, 3) as H.264; H and W must be even."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "16", "preset": "ultrafast", "threads": "1"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
