"""Rollouts on disk: `rollouts/step_N.parquet`, written after every step and read by whatever looks at a run afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rewards.errors import UserError
from rewards.readings import read
from rewards.sample import Reward
from rewards.tools.rollout_columns import packed_columns, packed_medium
from rl.record.files import written_aside
from rl.record.rollout_schema import SCHEMA, prompt_digest, row_digest
from rollout.samples import Prompt, Sample, ScoredGroup, TrainingGroup, VersionSpan, reward_sample

_NAME = re.compile(r"step_(\d+)\.parquet")


class RolloutsError(UserError):
    """A file of rollouts that is not there or cannot be read; the message names it and says what to do."""


@dataclass(frozen=True)
class RecordedGroup:
    """A group as it was learned from, but for its prompt, of which only digests are kept."""

    key: str
    row: int
    """Place of its row among all rows of the training data, those that cannot be used included."""
    row_digest: str
    prompt_digest: str
    limits: tuple[int, int] | None
    """(frames, pixels) that its media have at most, where they were made smaller so that the prompt fits."""
    gold: dict[str, Any]
    """The row's task, answer, answers, tree, covers and options, as they were."""
    samples: tuple[Sample, ...]
    """Without the ids of their prompt."""
    rewards: tuple[Reward, ...]
    """A sample that was drawn by weights that were too old has none."""
    advantages: tuple[float | None, ...]

    def asked(self, prompt: Prompt) -> ScoredGroup:
        """The group with its prompt, and with what the lines of its samples state, read again."""
        samples = tuple(replace(sample, prompt_ids=prompt.encoded.ids) for sample in self.samples)
        readings = tuple(read(reward_sample(prompt, sample)) for sample in samples)
        return ScoredGroup(prompt, samples, self.rewards, readings)


@dataclass(frozen=True)
class RecordedStep:
    """The groups that a step learned from, in order."""

    step: int
    version: int
    """Of the weights that learned from them."""
    groups: tuple[RecordedGroup, ...]


def write_rollouts(
    path: Path, step: int, version: int, groups: Sequence[TrainingGroup], places: Sequence[int] | np.ndarray
) -> None:
    """Write a step's samples, with all that learning from them again needs.

    Args:
        path: the file.
        step: number of the step.
        version: of the weights that learned from the samples.
        groups: the step's, in order.
        places: of each group, the place of its row among all rows of the training data.
    """
    rows = [row for group, place in zip(groups, places, strict=True) for row in _rows(step, version, group, int(place))]
    with written_aside(path) as aside:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), aside, compression="zstd")


def read_rollouts(path: Path) -> RecordedStep:
    """The groups of a step's file.

    Raises:
        RolloutsError: if it is not there, is damaged or another step's, or was written by a version of affectree that kept less.
    """
    rows = _table(path).to_pylist()
    if not rows:
        raise RolloutsError(f"{path}: holds no sample")
    if (match := _NAME.fullmatch(path.name)) and int(match[1]) != rows[0]["step"]:
        raise RolloutsError(f"{path}: holds step {rows[0]['step']}; restore the file, or give it the name of its step")
    groups = tuple(_group(list(of_group)) for _, of_group in groupby(rows, key=itemgetter("prompt_key")))
    return RecordedStep(rows[0]["step"], rows[0]["learned_version"], groups)


def steps_in(folder: Path) -> list[int]:
    """The numbers of the steps whose rollouts are in a folder, in order."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(int(match[1]) for file in found if (match := _NAME.fullmatch(file.name)))


def _table(path: Path) -> pa.Table:
    try:
        found = pq.read_table(path)
    except FileNotFoundError as error:
        raise RolloutsError(f"{path}: no such file; check the path") from error
    except (OSError, pa.ArrowException) as error:
        raise RolloutsError(f"{path}: cannot be read as parquet ({str(error).splitlines()[0]})") from error
    if missing := ", ".join(name for name in SCHEMA.names if name not in found.column_names):
        raise RolloutsError(f"{path}: has no column {missing}; an older version of affectree wrote it, which kept less")
    return found


def _rows(step: int, version: int, group: TrainingGroup, place: int) -> list[dict[str, Any]]:
    row = group.prompt.row
    shared = {
        "step": step,
        "prompt_key": group.prompt.key,
        "row": place,
        "row_digest": row_digest(row),
        "prompt_digest": prompt_digest(group.prompt.encoded),
        "learned_version": version,
        "task": row.task,
        "source": row.source,
        "prompt": row.question,
        "media": list(map(packed_medium, row.media)),
        "answer": row.answer,
        "answers": list(row.answers),
        "tree": row.tree,
        "covers": json.dumps(row.covers) if row.covers else None,
        "options": list(row.options),
        "columns": packed_columns(row.columns),
    }
    triples = zip(group.samples, group.rewards, group.advantages, strict=True)
    return [
        {
            **shared,
            "sample": number,
            "completion": sample.text,
            "completion_ids": sample.ids,
            "log_probs": sample.log_probs,
            "finish_reason": sample.finish_reason,
            "version": sample.version,
            "versions": [[span.version, span.tokens] for span in sample.versions],
            "path": list(sample.path),
            "ends": list(sample.ends),
            "reward": reward.value,
            "parts": json.dumps(dict(reward.parts)),
            "levels": json.dumps(dict(reward.levels)),
            "rest": reward.rest,
            "errors": json.dumps(dict(reward.errors)),
            "observer_errors": json.dumps(dict(reward.observer_errors)),
            "abstained": reward.abstained,
            "advantage": advantage,
        }
        for number, (sample, reward, advantage) in enumerate(triples)
    ]


def _group(rows: Sequence[dict[str, Any]]) -> RecordedGroup:
    first = rows[0]
    limits = {(m["max_frames"], m["max_pixels"]) for m in first["media"] if m["max_frames"] is not None}
    gold = {name: first[name] for name in ("task", "answer", "tree")}
    covers = json.loads(first["covers"]) if first["covers"] else None
    return RecordedGroup(
        key=first["prompt_key"],
        row=first["row"],
        row_digest=first["row_digest"],
        prompt_digest=first["prompt_digest"],
        limits=next(iter(limits), None),
        gold={**gold, "answers": tuple(first["answers"]), "options": tuple(first["options"]), "covers": covers},
        samples=tuple(map(_sample, rows)),
        rewards=tuple(map(_reward, rows)),
        advantages=tuple(row["advantage"] for row in rows),
    )


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(
        prompt_ids=np.empty(0, dtype=np.int64),
        ids=np.array(row["completion_ids"], dtype=np.int64),
        log_probs=np.array(row["log_probs"], dtype=np.float32),
        text=row["completion"],
        finish_reason=row["finish_reason"],
        versions=tuple(VersionSpan(version, tokens) for version, tokens in row["versions"]),
        path=tuple(row["path"]),
        ends=tuple(row["ends"]),
    )


def _reward(row: dict[str, Any]) -> Reward:
    facts = {name: json.loads(row[name]) for name in ("parts", "levels", "errors", "observer_errors")}
    return Reward(row["reward"], **facts, rest=row["rest"], abstained=row["abstained"])
