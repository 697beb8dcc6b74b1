"""Rows of Emo-CFG, VidEmo's data set: ms-swift's form, in files under `jsons/{train,test}/<folder>/{full,sampled}/`.

    {"messages": [{"role": "user", "content": "<video>.What is the chin shape? A.pointed chin B.round chin"},
                  {"role": "assistant", "content": "B"}], "videos": ["videos/CelebV-Text/1.mp4"], "source": "CelebV-Text_QA_Chin"}

They name no task. It is told by the file's place and name, the source and the texts (`emo_cfg.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rewards.answers.options import Options, read_options
from rewards.answers.reading import read_gold
from rewards.answers.text import answer_of_turn
from rewards.sample import MULTI_LABEL_TASKS
from rollout.rows.formats.canonical import canonical
from rollout.rows.row import NOTES

_FOLDERS = ("attribute", "caption", "emotion", "qa", "rationale")
_LAYOUT = re.compile(r"(?:^|/)jsons/(?:train|test)/(?:{})/(?:.*/)?[^/]+$".format("|".join(_FOLDERS)))
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")
_ATTRIBUTE = re.compile(r"QA_(\w+)$")
_BEGINS = "<video>."
"""How the text of a user's turn begins."""
_TEXTS = ("question", "answer")
Pattern = Mapping[str, Any]


def emo_cfg(row: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """The row with its task, its source, its options and, where that is letters, its answer in words.

    Args:
        row: as the file has it; what it states itself stays.
        file: where it stands.
    """
    columns = dict(canonical(row))
    question, reply = _last_texts(columns.get("messages"))
    if not columns.get("source"):
        columns["source"] = file.stem.partition("_")[0]
    source = columns["source"] if isinstance(columns["source"], str) else ""
    if attribute := _ATTRIBUTE.search(source):
        columns.setdefault("attribute", attribute[1])
    options = Options() if columns.get("options") else read_options((), question)
    if options.texts:
        columns["options"] = [f"{letter}. {text}" for letter, text in options.texts.items()]
    if not columns.get("task"):
        columns["task"] = task_of(file, source, question, reply, bool(columns.get("options")), columns)
        if columns["task"] is None:
            columns[NOTES] = (f"fit no line of emo_cfg.yaml, so that they name no task: {_folder(file)}/{file.name}",)
    if not columns.get("answer") and (answer := _in_words(reply, options, columns["task"] or "")):
        columns["answer"] = answer
    return columns


def task_of(file: Path, source: str, question: str, reply: str, choice: bool, columns: Mapping[str, Any]) -> str | None:
    """The task of the first line of `emo_cfg.yaml` that fits; None if none does."""
    texts = {"question": question, "answer": reply}
    for pattern in _candidates(_folder(file), file.stem, source):
        if pattern.get("choice", choice) != choice or ("has" in pattern and not columns.get(pattern["has"])):
            continue
        if all(key not in pattern or re.search(pattern[key], texts[key], re.IGNORECASE) for key in _TEXTS):
            task: str = pattern["task"]
            return task
    return None


def is_emo_cfg(file: Path, row: Mapping[str, Any]) -> bool:
    """Whether a file lies where Emo-CFG's do, or its first row looks as its questions about attributes do."""
    if _LAYOUT.search(file.as_posix()):
        return True
    source = row.get("source")
    named = isinstance(source, str) and _ATTRIBUTE.search(source) is not None
    return named and _last_texts(row.get("messages"))[0].startswith(_BEGINS)


@lru_cache(maxsize=4096)  # as many as there are files and sources
def _candidates(folder: str, stem: str, source: str) -> tuple[Pattern, ...]:
    """The lines that fit a file and a source, whatever a row's texts are."""
    names = [_BETWEEN_WORDS.sub(" ", name.lower()).strip() for name in (source, stem)]
    return tuple(
        pattern
        for pattern in _table()
        if ("folder" not in pattern or re.search(pattern["folder"], folder))
        and ("name" not in pattern or any(re.search(pattern["name"], name) for name in names))
    )


@lru_cache(maxsize=1)
def _table() -> tuple[Pattern, ...]:
    return tuple(yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))["tasks"])


def _folder(file: Path) -> str:
    """Which of Emo-CFG's folders a file lies in; the name of its own folder if in none."""
    return next((part for part in reversed(file.parts[:-1]) if part in _FOLDERS), file.parent.name)


def _last_texts(messages: Any) -> tuple[str, str]:
    """The last user turn and the assistant turn after it; empty where they are not text."""
    turns = [turn for turn in messages if isinstance(turn, Mapping)] if isinstance(messages, list) else []
    texts = {turn.get("role"): turn.get("content") for turn in turns}
    question, reply = texts.get("user"), texts.get("assistant") if turns and turns[-1].get("role") == "assistant" else None
    return question if isinstance(question, str) else "", reply if isinstance(reply, str) else ""


def _in_words(reply: str, options: Options, task: str) -> str | list[str] | None:
    """The options that a reply names by their letters, such as `(B)` or `ABK`, in words; None where it names none."""
    gold = read_gold(answer_of_turn(reply, task), (), options, task in MULTI_LABEL_TASKS)
    named = [text for letter, text in options.texts.items() if gold and f"option {letter.lower()}" in gold.answer.labels]
    if gold is None or len(named) != len(gold.answer.labels):
        return None
    return named if gold.is_set else named[0]
