"""Files of rows -> tables. Any other file is refused with its name, the line and what to do."""

from __future__ import annotations

import errno
import json
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from rewards.errors import UserError
from rewards.files import json_problem, type_name, why_unreadable

if TYPE_CHECKING:
    from datasets import Dataset

_KINDS = {".jsonl": "json", ".json": "json", ".parquet": "parquet"}
_AT_ONCE = 2**30
"""Files of up to so many bytes are read in one piece, since a column's type may show only in a late row."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EMPTY = "the data set is empty; write at least one row"
_ONE_A_LINE = 'write one row a line, such as {"messages": […]}'


class RowError(UserError):
    """A row that cannot be used; the message names file, row and key, what was found and what to do."""


def read_table(path: Path) -> Dataset:
    """The rows of a .jsonl, .json or .parquet file, memory-mapped.

    Raises:
        RowError: if the file is missing, empty, of another kind, or has a line that is no row.
    """
    kind = _KINDS.get(path.suffix)
    try:
        if not path.is_file():
            raise RowError(f"{path}: {why_unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())}")
        if kind is None:
            raise RowError(f"{path}: rows are read from .jsonl, .json or .parquet, found {path.suffix!r}; convert it")
        if pattern := next((pattern for pattern in ("::", "$") if pattern in str(path)), None):
            raise RowError(f"{path}: paths of rows may not hold {pattern!r}; move it, or reach it through a link")
        if path.stat().st_size == 0:
            raise RowError(f"{path}: {_EMPTY}")
        if kind == "json":
            _check_lines(path)
    except OSError as error:
        raise RowError(f"{path}: {why_unreadable(path, error)}") from error
    table = _load(kind, path)
    if len(table) == 0:
        raise RowError(f"{path}: {_EMPTY}")
    return table


def _check_lines(path: Path) -> None:
    """Refuse what is neither one object a line nor a list of objects; `datasets` would misread some of it, or die."""
    begun = False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip()
            if text.startswith(b"[") and not begun:
                _check_list(path)
                return
            if text and (not text.startswith(b"{") or not begun):  # the reader below sees to the others
                _check_line(path, number, text)
            begun = begun or bool(text)
    if not begun:
        raise RowError(f"{path}: {_EMPTY}")


def _check_line(path: Path, number: int, text: bytes) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(f"{path}, line {number}: not JSON ({_in_line(error)}); {_ONE_A_LINE}") from error
    if not isinstance(found, dict):
        raise RowError(f"{path}, line {number}: must be a JSON object, found {type_name(found)}; {_ONE_A_LINE}")


def _check_list(path: Path) -> None:
    try:
        rows = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RowError(f"{path}: not JSON ({json_problem(error)}); repair it") from error
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise RowError(f"{path}, row {number}: must be an object, found {type_name(row)}; mend or remove it")


def _load(kind: str, path: Path) -> Dataset:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError
    from datasets.utils import logging

    logging.set_verbosity(logging.CRITICAL)  # it would say on a line of its own what is raised below
    files = escape(str(path))
    try:
        try:
            return load_dataset(kind, data_files=files, split="train")
        except DatasetGenerationError:
            size = path.stat().st_size
            if kind != "json" or size > _AT_ONCE:
                raise
            return load_dataset(kind, data_files=files, split="train", chunksize=size)
    except Exception as error:  # datasets raises many types for a malformed file
        raise RowError(f"{path}: {_reason(path, error)}") from error


def _reason(path: Path, error: BaseException) -> str:
    """The first line that is not JSON, where that is the trouble, or what the reader's innermost error says."""
    while (cause := error.__cause__) is not None:
        error = cause
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        place = error.filename or "the cache"
        return (
            f"its rows cannot be cached ({place}: {error.strerror}); free some space, or set HF_DATASETS_CACHE to another folder"
        )
    if path.suffix == ".jsonl":
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    json.loads(line.strip() or b"{}")
                except (ValueError, RecursionError) as bad:
                    return f"cannot be read as rows (line {number}: not JSON, {_in_line(bad)}); mend the line"
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "corresponds to no data" in said:  # all rows are {}
        return _EMPTY
    return f"cannot be read as rows ({said}); check that it is the right file, or write it again"


def _in_line(error: Exception) -> str:
    return json_problem(error).removeprefix("line 1: ")
