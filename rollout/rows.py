"""Rows of a data set, read through Hugging Face datasets (memory-mapped Arrow) in any format of `formats.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

from rewards.plugins.spec import FunctionSpec
from rollout.formats import AUTO, RowFormat, open_format
from rollout.media import KINDS, Medium
from rollout.row_files import RowError, read_table
from rollout.row_media import NamedFiles
from rollout.row_values import (
    answer_of,
    check_tags,
    covers_of,
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

__all__ = ["Overview", "Row", "RowData", "RowError", "open_rows"]

UNNAMED_TASK = "qa"
"""The task of rows that name none."""
_COLUMNS = ("messages", "videos", "images", "source", "task", "answer", "tree", "covers", "options")
_AT_ONCE = 2048
"""Rows that are taken from the table in one piece when all are read."""


@dataclass(frozen=True)
class Row:
    """One question about clips or images, with what is known to be true of it."""

    index: int
    """Position in its file, from 0."""
    question: str
    """The user turn with its `<video>` and `<image>` tags."""
    media: tuple[Medium, ...]
    """Its videos and images, in the order of the tags."""
    task: str
    """What kind of question it is; mixes, scorers and evaluations choose rows by it."""
    source: str = ""
    """The data set that it comes from; empty where the file names none."""
    answer: str | None = None
    """The right answer: a label, comma-separated labels, an option letter or a phrase."""
    answers: tuple[str, ...] = ()
    """The right labels, where the file lists them; `answer` is then these, joined by commas."""
    tree: str | None = None
    """The gold affective tree as text."""
    covers: Mapping[str, Any] | None = None
    """What the gold tree covers (`rewards.tree.coverage`); None for what is in it."""
    reference: str | None = None
    """The last assistant turn: what supervised tuning imitates."""
    options: tuple[str, ...] = ()
    """The choices of a closed question, in order."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Every other column, for scorers that want it."""


@dataclass(frozen=True)
class Overview:
    """What one pass over all rows of a file finds."""

    tasks: list[str]
    """The task of each row, in order."""
    sources: list[str]
    """The source of each row, in order; empty text where a row names none."""
    most_media: dict[str, int]
    """The most videos and the most images that any row has, under `video` and `image`."""


class RowData:
    """All rows of a file. A row is made when it is asked for."""

    def __init__(self, path: Path, table: Dataset, media_root: Path, row_format: RowFormat) -> None:
        self.path = path
        self.table = table
        self.media_root = media_root
        self.format = row_format
        self._overview: Overview | None = None

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> Row:
        return self._row(self.table[int(index)], int(index))

    def __iter__(self) -> Iterator[Row]:
        index = 0
        for batch in self.table.iter(batch_size=_AT_ONCE):
            for values in zip(*batch.values(), strict=True):
                yield self._row(dict(zip(batch, values, strict=True)), index)
                index += 1

    @property
    def overview(self) -> Overview:
        """Tasks, sources and the most media. The first call reads all rows, unless `check` has done so."""
        if self._overview is None:
            self._overview = _look_over(self, None)
        return self._overview

    @property
    def most_media(self) -> dict[str, int]:
        """The most videos and the most images that any row has, under `video` and `image`."""
        return self.overview.most_media

    def tasks(self) -> list[str]:
        """The task of every row, in order."""
        return self.overview.tasks

    def sources(self) -> list[str]:
        """The source of every row, in order; empty text where there is none."""
        return self.overview.sources

    def indices_by_task(self) -> dict[str, list[int]]:
        """Task -> indices of its rows, in order."""
        found: dict[str, list[int]] = {}
        for index, task in enumerate(self.tasks()):
            found.setdefault(task, []).append(index)
        return found

    def check(self) -> None:
        """Read every row, look for every file that one names, and open the first of these; raises `RowError`."""
        self._overview = _look_over(self, NamedFiles(self.path))

    def _row(self, raw: dict[str, Any], index: int) -> Row:
        where = f"{self.path}, row {index + 1}"
        columns = self.format.columns(raw, where)
        read = "" if self.format.ships else f" as {self.format.name} reads it"
        return _build_row(columns, index, where + read, self.media_root)


def open_rows(path: Path, media_root: Path | None = None, row_format: FunctionSpec = AUTO, check: bool = True) -> RowData:
    """Open a file of rows (.jsonl, .json or .parquet).

    Args:
        path: the file.
        media_root: folder that relative media paths start from; the file's own folder if None.
        row_format: how its rows are read: `data.format` with its parameters.
        check: look at every row and every named file now, rather than when it is used.

    Raises:
        RowError: if the file is missing, empty, unreadable or of another format, or its first bad row's message.
        PluginError: if a format of the user's cannot be found, imported or called with its parameters.
    """
    table = read_table(path)
    rows = RowData(path, table, (media_root or path.parent).resolve(), open_format(row_format, path, table.column_names))
    if check:
        rows.check()
    return rows


def _look_over(rows: RowData, files: NamedFiles | None) -> Overview:
    """One pass over all rows, which also looks for the files that they name unless `files` is None."""
    tasks, sources = [], []
    most_media: dict[str, int] = dict.fromkeys(KINDS, 0)
    for row in rows:
        tasks.append(intern(str(row.task)))
        sources.append(intern(str(row.source)))
        for kind in KINDS:
            most_media[kind] = max(most_media[kind], sum(medium.kind == kind for medium in row.media))
        if files:
            files.look(row.index, row.media)
    if files:
        files.open_first()
    return Overview(tasks, sources, most_media)


def _build_row(columns: Mapping[str, Any], index: int, where: str, media_root: Path) -> Row:
    """A row of its columns.

    Raises:
        RowError: if a column holds what it must not, there is no user turn, or the text asks for another number of videos
            or images than the row has.
    """
    turns = turns_of(columns, where)
    question, reference = question_of(turns, where), reference_of(turns, where)
    task = text_of(columns, "task", where) or UNNAMED_TASK
    answer, answers = answer_of(columns, reference, task, where)
    given = {kind: paths_of(columns, kind, where) for kind in KINDS}
    kinds = check_tags(columns, question, given, where)
    files = {kind: iter(paths) for kind, paths in given.items()}
    return Row(
        index=index,
        question=question,
        media=tuple(Medium(kind, str(media_root / next(files[kind]))) for kind in kinds),
        task=task,
        source=text_of(columns, "source", where) or "",
        answer=answer,
        answers=answers,
        tree=tree_of(columns, where),
        covers=covers_of(columns, where),
        reference=reference,
        options=options_of(columns, where),
        columns={key: value for key, value in columns.items() if key not in _COLUMNS},
    )
