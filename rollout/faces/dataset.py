"""Writes the drawn-faces data set: H.264 clips and ms-swift rows for train, val and test."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from rewards.errors import UserError
from rewards.tree.nodes import LEVELS, AffectiveTree
from rewards.tree.writer import write
from rollout.faces import drawing as faces
from rollout.faces.drawing import Face

SPLITS = ("train", "val", "test")
CLIP_FPS = 4
CLIP_FRAMES = 8
CLIP_SIZE = 56

EMOTION_QUESTION = (
    "<video>Please watch the video clip and identify the emotion on the person's face: "
    "happy, sad, neutral, angry, surprise, disgust or fear."
)
FINE_QUESTION = "<video>Please identify the fine-grained emotion with intensity on the person's face."
ACTION_UNIT_QUESTION = "<video>Please identify the action units (AU) performed by the person and output None if not observed."
APPEARANCE_QUESTION = "<video>Please describe the appearance of the person in the video."
EXPRESSION_QUESTION = "<video>Please describe the appearance and the expression of the person in the video."
RATIONALE_QUESTION = (
    "<video>As an expert in the field of emotions, please describe the person as an affective tree and predict the emotion."
)


@dataclass(frozen=True)
class FacesReport:
    """What was written: clips and rows by split."""

    directory: Path
    clips: dict[str, int]
    rows: dict[str, int]


def make_faces(
    directory: Path,
    clips: int,
    seed: int,
    careless: float = 0.0,
    progress: Callable[[str, int], None] = lambda split, done: None,
) -> FacesReport:
    """Draw `clips` people for training and a quarter as many (at least 8) for each of val and test.

    Args:
        directory: to write; empty or missing.
        clips: training clips.
        seed: of everything that is drawn.
        careless: share of the *captioned* training rationales whose text was written by a captioner who does not tell
            fear, disgust and sadness from their neighbours. Two of three training clips are captioned (source
            `faces/rationale_captioned`), every third is verified (`faces/rationale_verified`), as are all of val and
            test. This is the paper's situation: tuning imitates model-written captions, the reward compares with
            verified trees (VidEmo, sections 3.2 and 4).
        progress: told of each clip.

    The folder is written aside and renamed, so that a half-written data set never looks whole.

    Raises:
        UserError: if `clips` is smaller than 1, `careless` is no share, or `directory` is a file or not empty.
    """
    if clips < 1:
        raise UserError(f"the number of clips must be at least 1, found {clips}")
    if not 0 <= careless <= 1:
        raise UserError(f"the careless share must lie between 0 and 1, found {careless}")
    if directory.is_file():
        raise UserError(f"{directory} is a file, and a data set is drawn into a folder; choose another place")
    if directory.exists() and any(directory.iterdir()):
        raise UserError(
            f"{directory} exists and is not empty, so that nothing is drawn into it; choose another place, or remove it"
        )
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
    people = _people_by_split(sizes, rng)
    row_counts: dict[str, int] = {}
    for split in SPLITS:
        jobs = [
            (f"{split}_{number:05d}", Face(people[split][number], faces.draw_performance(rng)), int(rng.integers(2**63)))
            for number in range(sizes[split])
        ]
        shares = [careless if is_captioned(split, number) else None for number in range(len(jobs))]
        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
                written = pool.map(lambda share, job: _write_clip(folder / "videos", share, *job), shares, jobs)
                row_counts[split] = 0
                for done, clip_rows in enumerate(written, start=1):
                    file.writelines(json.dumps(row) + "\n" for row in clip_rows)
                    row_counts[split] += len(clip_rows)
                    progress(split, done)
        finally:
            pool.shutdown(cancel_futures=True)
    return row_counts


def is_captioned(split: str, number: int) -> bool:
    """Whether a clip's rationale was written by the captioner; every third training clip's was verified."""
    return split == "train" and number % 3 != 2


def _people_by_split(sizes: dict[str, int], rng: np.random.Generator) -> dict[str, list[faces.Identity]]:
    """Identities for each split; the pools are disjoint, and clips of one split may share a person."""
    pool = _distinct_identities(rng)
    weights = np.array([0.6, 0.2, 0.2])
    bounds = np.floor(np.cumsum(weights) * len(pool)).astype(int)[:-1]
    parts = dict(zip(SPLITS, np.split(np.arange(len(pool)), bounds), strict=True))
    return {split: [pool[i] for i in rng.choice(parts[split], size=sizes[split])] for split in SPLITS}


def _distinct_identities(rng: np.random.Generator) -> list[faces.Identity]:
    pool = [
        faces.Identity(color, length, glasses, hat, skin, width)
        for color in faces.HAIR_COLORS
        for length in ("short", "long")
        for glasses in ("yes", "no")
        for hat in ("yes", "no")
        for skin in faces.SKINS
        for width in range(33, 39)
    ]
    return [pool[i] for i in rng.permutation(len(pool))]


def _write_clip(videos: Path, careless: float | None, name: str, face: Face, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    frames = faces.draw_frames(face, CLIP_FRAMES, CLIP_SIZE, rng)
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


def clip_rows(video: str, face: Face, rng: np.random.Generator, careless: float | None) -> Iterator[dict[str, Any]]:
    """All rows of one clip: attribute and expression questions, emotions, action units, the rationale.

    `careless` is the captioner's share of mistakes, or None for a verified clip.
    """
    tree = faces.gold_tree(face)
    emotion = faces.emotion_of(face.performance)
    gold = write(tree, emotion)
    fine = emotion if emotion == "neutral" else f"{emotion} ({faces.intensity_of(face.performance)})"
    said = faces.confuse(tree) if careless is not None and rng.random() < careless else tree
    origin = "verified" if careless is None else "captioned"
    rationale = write(said, next(said.emotions()).label)
    units = ", ".join(faces.action_units(face.performance)) or "None"

    def row(task: str, source: str, question: str, answer: str, **columns: Any) -> dict[str, Any]:
        reference = rationale if task == "rationale" else answer
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": reference}]
        whole = {"options": [], "tree": gold, **columns}
        return {"messages": messages, "videos": [video], "source": source, "task": task, "answer": answer, **whole}

    for aspect, value in faces.attributes_of(face).items():
        question = f"<video>What is the {aspect} of the person in the video?"
        source = f"faces/QA_{aspect.replace(' ', '_')}"
        yield row("attribute_open", source, question, value)
        options = _options(aspect, value, rng)
        listed = " ".join(f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=False))
        letter = "ABCD"[options.index(value)]
        yield row("attribute_closed", source, f"{question} {listed}", letter, options=options)
    for node in tree.expressions():
        part = _part(tree, node.rests_on)
        yield row("expression_open", f"faces/EXP_{part}", f"<video>What does the {part} show?", node.name)
    appearance, expression = (write(tree, levels=LEVELS[:count]) for count in (1, 2))
    yield row("appearance_caption", "faces/CAP_appearance", APPEARANCE_QUESTION, appearance)
    yield row("expression_caption", "faces/CAP_expression", EXPRESSION_QUESTION, expression)
    yield row("emotion_single", "faces/ER_single", EMOTION_QUESTION, emotion, options=list(faces.EMOTIONS))
    yield row("emotion_fine", "faces/ER_fine", FINE_QUESTION, fine)
    yield row("action_units", "faces/AU", ACTION_UNIT_QUESTION, units)
    yield row("rationale", f"faces/rationale_{origin}", RATIONALE_QUESTION, emotion)


def _options(aspect: str, value: str, rng: np.random.Generator) -> list[str]:
    """The value and up to three others, in the aspect's own order: which letter stands for a value can then be learned in
    minutes by a small model, which does not learn to look a letter up (docs/benchmarks.md)."""
    others = [other for other in faces.ASPECT_VALUES[aspect] if other != value]
    chosen = {value, *rng.permutation(others)[:3]}
    return [option for option in faces.ASPECT_VALUES[aspect] if option in chosen]


def _part(tree: AffectiveTree, ids: tuple[str, ...]) -> str:
    aspect = next(a.aspect for a in tree.attributes() if a.id == ids[0])
    return {"lighting": "scene", "eyebrow angle": "brow", "eye size": "gaze"}.get(aspect, "mouth")
