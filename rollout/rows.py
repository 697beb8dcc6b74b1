"""Data set rows in ms-swift form, read through Hugging Face datasets (memory-mapped Arrow)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewards.files import why_unreadable
from rollout.media import KINDS, MediaError, Medium, check_media
from rollout.row_files import RowError, read_table
from rollout.row_values import (
    MEDIA_TAG,
    answer_of,
    check_columns,
    check_tags,
    options_of,
    paths_of,
    question_of,
    reference_of,
    text_of,
    tree_of,
    turns_of,
)

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["MEDIA_TAG", "Row", "RowData", "RowError", "build_row", "open_rows"]

_OPENED_AT_START = 10_000
"""Files that are opened before a run starts (about 1 ms each); `affectree data check --decode` looks at all."""
UNNAMED_TASK = "qa"
"""Of rows without a task."""
_COLUMNS = ("messages", "videos", "images", "source", "task", "answer", "tree", "options")


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
        if "task" not in self.table.column_names:
            return [UNNAMED_TASK] * len(self)
        return [task or UNNAMED_TASK for task in self.table["task"]]

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
    table = read_table(path)
    check_columns(path, table.column_names)
    rows = RowData(path, table, (media_root or path.parent).resolve())
    if check:
        _check_rows(rows)
    return rows


def build_row(record: dict[str, Any], index: int, path: Path, media_root: Path) -> Row:
    """One record as a `Row`.

    Raises:
        RowError: if a column holds what it must not, there is no user turn, or the text asks for another number of videos
            or images than it has.
    """
    where = f"{path}, row {index + 1}"
    turns = turns_of(record, where)
    question, reference, answer = question_of(turns, where), reference_of(turns, where), answer_of(record, where)
    given = {kind: paths_of(record, kind, where) for kind in KINDS}
    kinds = check_tags(record, question, given, where)
    files = {kind: iter(paths) for kind, paths in given.items()}
    return Row(
        index=index,
        question=question,
        media=tuple(Medium(kind, str(media_root / next(files[kind]))) for kind in kinds),
        task=text_of(record, "task", where) or UNNAMED_TASK,
        source=text_of(record, "source", where) or "",
        answer=reference if answer is None else answer,
        tree=tree_of(record, where),
        reference=reference,
        options=options_of(record, where),
        columns={key: value for key, value in record.items() if key not in _COLUMNS},
    )


def _check_rows(rows: RowData) -> None:
    """Every row once: columns hold what they should, every named file exists, and those opened first are what they should be."""
    first_row: dict[Medium, int] = {}
    columns = [name for name in (*_COLUMNS, *KINDS) if name in rows.table.column_names]
    index = 0
    for batch in rows.table.select_columns(columns).iter(batch_size=2048):
        for values in zip(*(batch[name] for name in columns), strict=True):
            row = build_row(dict(zip(columns, values, strict=True)), index, rows.path, rows.media_root)
            for kind, most in rows.most_media.items():
                rows.most_media[kind] = max(most, sum(medium.kind == kind for medium in row.media))
            for medium in row.media:
                if medium not in first_row and (problem := _missing(Path(medium.path))):
                    raise RowError(f"{rows.path}, row {index + 1}, key `{medium.kind}s`: {problem}")
                first_row.setdefault(medium, index)
            index += 1
    opened = list(first_row)[:_OPENED_AT_START]
    with ThreadPoolExecutor() as pool:
        for medium, problem in zip(opened, pool.map(_problem_with, opened), strict=True):
            if problem:
                raise RowError(f"{rows.path}, row {first_row[medium] + 1}, key `{medium.kind}s`: {problem}")


def _missing(file: Path) -> str | None:
    try:
        if file.is_file():
            return None
    except OSError as error:
        return f"{str(file)[:200]}: {why_unreadable(file, error)}"
    if file.is_dir():
        return f"{file} is a folder; name a file"
    hint = "write the home folder's path instead of ~, " if "~" in file.parts else ""
    return f"{file} does not exist; {hint}relative paths start at `data.media_root`, or else at the file's own folder"


def _problem_with(medium: Medium) -> str | None:
    try:
        check_media(medium)
    except MediaError as error:
        return str(error)
    return None
