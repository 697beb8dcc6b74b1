"""Rows that cannot be used: which, why, and what to do about each; in memory, in a file, and in the words of an error."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from rewards.errors import UserError
from rewards.files import json_problem, why_unreadable
from rollout.rows.row import RowError

_KEY = re.compile(r"(?:, line \d+)?(?: (?P<reader>as [^,]+? reads it))?(?:, key `(?P<key>[^`]+)`)?: (?P<said>.*)", re.DOTALL)
"""What follows file and row in the message of a `RowError`."""
_SPECIFIC = re.compile(r"'[^']*'|\"[^\"]*\"|\S*/\S*|\b\d+(?:\.\d+)?\b")
"""What differs between rows that are wrong in the same way: quoted text, paths and numbers."""
MOST_LISTED = 10
"""Rejects that an error lists."""


@dataclass(frozen=True)
class Reject:
    """A row that cannot be used."""

    file: str
    """The file of rows."""
    row: int
    """The row's number in that file, from 1; 0 where the file as a whole cannot be read."""
    key: str
    """The column that is wrong; empty where it is the row as a whole."""
    reason: str
    """What was found."""
    fix: str
    """What to do; empty where the reason says it all."""

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row else ""
        key = f", key `{self.key}`" if self.key else ""
        return f"{self.file}{row}{key}: {self.reason}" + (f"; {self.fix}" if self.fix else "")

    @property
    def kind(self) -> str:
        """The reason without what only this row has (names, paths, numbers), by which rejects are counted."""
        return (f"`{self.key}`: " if self.key else "") + _SPECIFIC.sub("…", self.reason)[:160]


def reject_of(error: UserError, file: Path | str, row: int) -> Reject:
    """What an error says of a row.

    Args:
        error: of the row, or of a medium of it.
        file: the file of rows.
        row: the row's number in it, from 1; 0 for the file as a whole.
    """
    message = str(error)
    rest = message.removeprefix(str(file))
    found = _KEY.fullmatch(rest.removeprefix(f", row {row}")) if rest != message else None
    said = found["said"] if found else message
    if found and found["reader"]:
        said = f"{found['reader']}, {said}"
    reason, _, fix = said.rpartition("; ")
    return Reject(str(file), row, (found and found["key"]) or "", reason or fix, fix if reason else "")


def counts_by_kind(rejects: Iterable[Reject]) -> dict[str, int]:
    """How many rows are wrong in which way; the most frequent first."""
    return dict(Counter(reject.kind for reject in rejects).most_common())


def refusal(first: Sequence[Reject], count: int, rows: int) -> RowError:
    """The error of a run or command that takes no bad row: the first ones, how many there are, and what to do.

    Args:
        first: the first ones, at least one.
        count: how many there are.
        rows: how many rows there are, good and bad.
    """
    if count == 1:
        return RowError(str(first[0]))
    listed = [str(reject) for reject in first[:MOST_LISTED]]
    more = [f"… and {count - len(listed)} more"] if count > len(listed) else []
    what_to_do = "`affectree data check` lists them all; `affectree train --skip-bad-rows` (data.bad_rows=skip) leaves them out"
    return RowError("\n".join([f"{count} of {rows} rows cannot be used:", *listed, *more, what_to_do]))


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """Write a file with one reject a line, as JSON."""
    with path.open("w", encoding="utf-8") as file:
        write_lines(file, rejects)


def write_lines(file: IO[str], rejects: Iterable[Reject]) -> None:
    """Write one reject a line into a file that is open."""
    file.writelines(json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)


def read_rejects(path: Path) -> list[Reject]:
    """Read a file of rejects; raises `RowError` if it is not there or holds something else."""
    return list(each_reject(path))


def each_reject(path: Path) -> Iterator[Reject]:
    """Read a file of rejects one by one; raises as `read_rejects` does."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield _parse(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise RowError(f"{path}: {why_unreadable(path, error)}") from error


def _parse(line: str, where: str) -> Reject:
    try:
        return Reject(**json.loads(line))
    except ValueError as error:
        raise RowError(f"{where}: not JSON ({json_problem(error)}); write the rejects file again") from error
    except TypeError as error:
        raise RowError(f"{where}: no reject; write the rejects file again") from error
