"""Data set rows in ms-swift form, read through Hugging Face datasets (memory-mapped Arrow)."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset

from rewards.errors import UserError
from rollout.media import MediaError, Medium, check_media

MEDIA_TAG = re.compile("<(video|image)>")
_OPENED_AT_START = 10_000
"""Files that are opened before a run starts (about 1 ms each); `affectree data check --decode` looks at all."""
_COLUMNS = ("messages", "videos", "images", "source", "task", "answer", "tree", "options")


class RowError(UserError):
    """A row that cannot be used; the message names file, row and key, what was found and what to do."""


@dataclass(frozen=True)
class Row:
    """One question about clips or images, with what is known to be true of it."""

    index: int
    """Position in its file, from 0."""
    question: str
    """The user turn with its `<video>` and `<image>` tags."""
    media: tuple[Medium, ...]
    """In the order of the tags."""
    task: str
    source: str = ""
    answer: str | None = None
    tree: str | None = None
    reference: str | None = None
    """The last assistant turn: what supervised tuning imitates."""
    options: tuple[str, ...] = ()
    columns: dict[str, Any] = field(default_factory=dict)
    """Every other column, for scorers that want it."""


class RowData:
    """The rows of one file; rows are validated when the file is opened and built on access."""

    def __init__(self, path: Path, table: Dataset, media_root: Path) -> None:
        self.path = path
        self.table = table
        self.media_root = media_root
        self.most_media = {"video": 0, "image": 0}
        """Videos and images of the row that has most of them; known once the rows were checked."""

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> Row:
        return build_row(self.table[int(index)], int(index), self.path, self.media_root)

    def tasks(self) -> list[str]:
        """The task of every row, in order."""
        return list(self.table["task"])

    def sources(self) -> list[str]:
        """The source of every row, in order; empty text where there is none."""
        if "source" not in self.table.column_names:
            return [""] * len(self)
        return [source or "" for source in self.table["source"]]

    def indices_by_task(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, task in enumerate(self.tasks()):
            found.setdefault(task, []).append(index)
        return found


def open_rows(path: Path, media_root: Path | None = None, check: bool = True) -> RowData:
    """Open an ms-swift file (.jsonl, .json or .parquet).

    Args:
        path: the file.
        media_root: folder that relative media paths start from; the file's own folder if None.
        check: look at every row and every named file now, rather than when it is used.

    Raises:
        RowError: if the file is missing, empty or unreadable, or its first bad row's message.
    """
    if not path.is_file():
        raise RowError(f"{path}: no such file; check `data.train`, `data.val` and `data.test`")
    kind = {".jsonl": "json", ".json": "json", ".parquet": "parquet"}.get(path.suffix)
    if kind is None:
        raise RowError(f"{path}: rows are read from .jsonl, .json or .parquet, found {path.suffix!r}")
    if path.stat().st_size == 0:
        raise RowError(f"{path}: the data set is empty; write at least one row")
    try:
        table = load_dataset(kind, data_files=str(path), split="train")
    except Exception as error:  # datasets raises many types for a malformed file
        raise RowError(f"{path}: cannot be read as rows ({_unreadable(path, error)})") from error
    if len(table) == 0:
        raise RowError(f"{path}: the data set is empty; write at least one row")
    if "messages" not in table.column_names:
        raise RowError(f"{path}: rows need a `messages` column (ms-swift form), found {table.column_names}")
    rows = RowData(path, table, (media_root or path.parent).resolve())
    if "task" not in table.column_names:
        rows.table = table.add_column("task", ["qa"] * len(table))
    if check:
        _check_media(rows)
    return rows


def build_row(record: dict[str, Any], index: int, path: Path, media_root: Path) -> Row:
    """One record as a `Row`.

    Raises:
        RowError: if there is no user turn, or the text asks for another number of videos or images than it has.
    """
    where = f"{path}, row {index + 1}"
    turns = record.get("messages") or []
    users = [turn for turn in turns if turn.get("role") == "user"]
    if not users:
        raise RowError(f"{where}, key `messages`: no user turn found; a row needs one")
    question = users[-1].get("content")
    if not isinstance(question, str):
        raise RowError(f"{where}, key `messages`: the user turn's content must be text, found {type(question).__name__}")
    media = _media(record, question, where, media_root)
    last = turns[-1]
    reference = last.get("content") if last.get("role") == "assistant" else None
    return Row(
        index=index,
        question=question,
        media=media,
        task=record.get("task") or "qa",
        source=record.get("source") or "",
        answer=_text(record.get("answer"), reference),
        tree=record.get("tree"),
        reference=reference,
        options=tuple(record.get("options") or ()),
        columns={key: value for key, value in record.items() if key not in _COLUMNS},
    )


def _media(record: dict[str, Any], question: str, where: str, root: Path) -> tuple[Medium, ...]:
    """A file for each tag, in the order of the tags."""
    asked = MEDIA_TAG.findall(question)
    given = {}
    for kind in ("video", "image"):
        named = record.get(f"{kind}s") or []
        paths = [named] if isinstance(named, str) else list(named)
        for path in paths:
            if not isinstance(path, str) or not path:
                raise RowError(f"{where}, key `{kind}s`: must hold paths of files, found {str(path)[:80]!r}")
        given[kind] = paths
        if asked.count(kind) != len(paths):
            raise RowError(
                f"{where}, key `{kind}s`: the text asks for {asked.count(kind)} {kind}(s) by <{kind}>, found {len(paths)}; "
                f"make the tags and the list agree"
            )
    for token in ("<|video_pad|>", "<|image_pad|>"):
        if token in question:
            raise RowError(f"{where}, key `messages`: the text holds {token} itself; write <video> or <image>")
    return tuple(Medium(kind, str(root / given[kind].pop(0))) for kind in asked)


def _text(answer: Any, fallback: str | None) -> str | None:
    return fallback if answer is None else str(answer)


def _check_media(rows: RowData) -> None:
    """Every row once: tags and lists agree, every named file exists, and those checked first are what they should be."""
    first_row: dict[Medium, int] = {}
    columns = [name for name in ("messages", "videos", "images") if name in rows.table.column_names]
    index = 0
    for batch in rows.table.select_columns(columns).iter(batch_size=2048):
        for values in zip(*(batch[name] for name in columns), strict=True):
            row = build_row(dict(zip(columns, values, strict=True)), index, rows.path, rows.media_root)
            for kind, most in rows.most_media.items():
                rows.most_media[kind] = max(most, sum(medium.kind == kind for medium in row.media))
            for medium in row.media:
                if medium not in first_row and not Path(medium.path).is_file():
                    raise RowError(
                        f"{rows.path}, row {index + 1}, key `{medium.kind}s`: {medium.path} does not exist; "
                        "relative paths start at `data.media_root`, or else at the file's own folder"
                    )
                first_row.setdefault(medium, index)
            index += 1
    opened = list(first_row)[:_OPENED_AT_START]
    with ThreadPoolExecutor() as pool:
        for medium, problem in zip(opened, pool.map(_problem_with, opened), strict=True):
            if problem:
                raise RowError(f"{rows.path}, row {first_row[medium] + 1}, key `{medium.kind}s`: {problem}")


def _problem_with(medium: Medium) -> str | None:
    try:
        check_media(medium)
    except MediaError as error:
        return str(error)
    return None


def _unreadable(path: Path, error: Exception) -> str:
    """The first line that is not JSON, where that is the trouble."""
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                try:
                    json.loads(line)
                except json.JSONDecodeError as bad:
                    return f"line {number}: {bad}"
    return str(error).splitlines()[0]
