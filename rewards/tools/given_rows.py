"""Rows of a data set with which a scorer is checked: `affectree reward check --rows FILE`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rewards.answers.text import answer_of_turn
from rewards.files import read_json
from rewards.sample import RewardSample
from rewards.tools.recorded import RolloutDataError, recorded_row, table_rows
from rewards.tools.rollout_columns import is_of_run

_MOST_ROWS = 20
_READ = frozenset({"completion", "task", "prompt", "answer", "answers", "tree", "covers", "options"})
"""What a sample is made of. A data set's columns with the names of others that a run writes, such as `step`, are its own."""


def read_given_rows(file: Path, task: str) -> list[RewardSample]:
    """The first 20 rows of a `.jsonl`, `.json` or `.parquet` as samples. A `completion` is what is right on its row, unless the
    row has a `reward`, as what a run wrote has.

    Read are `task`, `prompt`, `answer`, `tree` and `options`; every other column is one of the sample's `columns`. Rows of
    `messages` have their question and their gold there, unless they have columns for them; `solution` is the answer of rows
    without one.

    Args:
        file: the file.
        task: the task of rows that name none.

    Raises:
        RolloutDataError: for a file that cannot be read or has no row, and for a column of the wrong type.
    """
    found = read_json(file, RolloutDataError) if file.suffix == ".json" else table_rows(file)
    rows = found if isinstance(found, list) else [found]
    if not rows:
        raise RolloutDataError(f"{file}: holds no row; give a file with rows of a data set")
    return [_sample(file, number, row, task) for number, row in enumerate(islice(rows, _MOST_ROWS), start=1)]


def _sample(file: Path, number: int, row: Any, task: str) -> RewardSample:
    if not isinstance(row, Mapping):
        return recorded_row(file, number, row).sample  # which tells what is wrong with it
    task = row.get("task") or task
    filled = {**_of_messages(row.get("messages"), task), **{key: value for key, value in row.items() if value is not None}}
    if "answer" not in filled and isinstance(row.get("solution"), str):
        filled["answer"] = answer_of_turn(row["solution"], task)
    if is_of_run(row):
        return recorded_row(file, number, {**filled, "completion": "", "task": task}).sample
    right = row.get("completion") if isinstance(row.get("completion"), str) and "reward" not in row else ""
    read = {key: value for key, value in filled.items() if key in _READ}
    sample = recorded_row(file, number, {**read, "completion": right, "task": task}).sample
    return replace(sample, columns={key: value for key, value in filled.items() if key not in _READ})


def _of_messages(messages: Any, task: str) -> dict[str, Any]:
    """The question and the gold of a conversation; nothing of what is none, or has turns that are no texts."""
    turns = [one for one in messages if isinstance(one, Mapping)] if isinstance(messages, list) else []
    texts = {role: [one["content"] for one in turns if one.get("role") == role and isinstance(one.get("content"), str)]
             for role in ("user", "assistant")}  # fmt: skip
    found = {"prompt": texts["user"][-1]} if texts["user"] else {}
    if turns and turns[-1].get("role") == "assistant" and texts["assistant"]:
        gold = texts["assistant"][-1]
        found |= {"tree": gold} if "<tree>" in gold else {}
        found |= {"answer": answer} if (answer := answer_of_turn(gold, task)) is not None else {}
    return found
