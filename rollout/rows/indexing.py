"""The one pass over all rows of a split: each is read as a run reads it, and what has to be known of it is noted.

The rows are cut into pieces, and worker processes look at the pieces of large files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rewards.files import why_unreadable
from rollout.media.medium import Medium
from rollout.rows.clips import clip_number, drawn_by, shows
from rollout.rows.index import ROW, UNUSABLE, About, IndexedFile, rejects_file, write_index
from rollout.rows.media_files import forget_files, missing_file, unreadable
from rollout.rows.parallel import in_order
from rollout.rows.progress import Telling
from rollout.rows.reading import FileRows, Reading, open_file
from rollout.rows.rejects import Reject, reject_of, write_lines
from rollout.rows.row import Row, RowError
from rollout.rows.table import JsonTable, Table, open_table

_PIECE = 2048
"""Rows of a piece."""
_FEW = 20_000
"""Rows up to which starting worker processes takes longer than the reading."""
_FEW_BYTES = 2**26
"""Bytes of files up to which that is so for finding where rows begin."""
_OPENED = 10_000
"""Rows whose media are opened, spread over all (about 1 ms for each); `affectree data check` decodes those of all rows."""
_MISSING = 1000
"""Media that are not there and are looked for again when a run starts."""


@dataclass
class Seen:
    """What was found in a piece."""

    rows: np.ndarray
    """`ROW` (N,), with the number of the stratum within the piece."""
    strata: dict[tuple[str, str], int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


def make_index(folder: Path, files: Sequence[Path], reading: Reading, telling: Telling) -> None:
    """Look at all rows of some files, and write their index.

    Args:
        folder: an empty folder.
        files: files of rows, in order.
        reading: how they are read.
        telling: whom to tell how far it has come.

    Raises:
        RowError: if no file can be read.
        PluginError: if the format cannot be loaded.
    """
    forget_files()
    opened, digests, without_rows = _open(files, reading)
    whole = Seen(_unread(opened))
    pieces = [one.cut(start, start + _PIECE) for one in opened for start in range(0, len(one), _PIECE)]
    place = 0
    with rejects_file(folder).open("w", encoding="utf-8") as file, telling.phase("read rows", len(pieces)) as shown:
        write_lines(file, map(_kept, without_rows))
        for seen in in_order(_look, pieces, len(whole.rows) > _FEW):
            write_lines(file, map(_kept, seen.rejects))
            _add(whole, seen, place)
            place += len(seen.rows)
            shown.step()
        write_lines(file, map(_kept, _open_media(whole.rows, opened)))
    about = About(
        files=[
            IndexedFile(str(one.path.absolute()), len(one), one.format.name if one.format else "", one.names, digest)
            for one, digest in zip(opened, digests, strict=True)
        ],
        strata=list(whole.strata),
        rejected=len(without_rows) + int(np.sum(whole.rows["stratum"] == UNUSABLE)),
        notes=dict(whole.notes),
        missing=whole.missing,
    )
    write_index(folder, whole.rows, about)


def _open(files: Sequence[Path], reading: Reading) -> tuple[list[FileRows], list[str], list[Reject]]:
    """Files with where their rows are, their digests, and files that cannot be read; raises what is wrong with the first of
    these if none can be read."""
    several = len(files) > 1 and sum(file.stat().st_size for file in files if file.is_file()) > _FEW_BYTES
    opened: list[FileRows] = []
    digests: list[str] = []
    rejects: list[Reject] = []
    errors: list[RowError] = []
    for path, found in zip(files, in_order(_table, files, several), strict=True):
        try:
            if isinstance(found, RowError):
                raise found
            table, digest = found
            opened.append(open_file(table, reading))
            digests.append(digest)
        except RowError as error:
            errors.append(error)
            rejects.append(reject_of(error, path, 0))
    if not opened:
        raise errors[0]
    return opened, digests, rejects


def _unread(opened: Sequence[FileRows]) -> np.ndarray:
    """Nothing known of any row but where it is, `ROW` (N,)."""
    rows = np.zeros(sum(map(len, opened)), dtype=ROW)
    place = 0
    for one in opened:
        if isinstance(one.table, JsonTable):
            rows["begin"][place : place + len(one)], rows["end"][place : place + len(one)] = one.table.begin, one.table.end
        place += len(one)
    return rows


def _table(path: Path) -> tuple[Table, str] | RowError:
    """A file's rows, with their digest."""
    try:
        table = open_table(path)
        return table, table.digest()
    except RowError as error:
        return error
    except OSError as error:
        return RowError(f"{path}: {why_unreadable(path, error)}")


def _look(piece: FileRows) -> Seen:
    seen = Seen(_unread([piece]))
    for place, row in enumerate(piece.read(range(len(piece)))):
        known, number = seen.rows[place], piece.number(place)
        known["stratum"] = UNUSABLE
        if isinstance(row, RowError):
            seen.rejects.append(reject_of(row, piece.path, number))
        elif missing := missing_file(row):
            seen.rejects.append(_reject(piece, number, missing.medium, missing.problem))
            seen.missing.append(missing.file)
        else:
            known["stratum"] = seen.strata.setdefault((row.task, row.source), len(seen.strata))
            known["lowest"], known["highest"] = drawn_by(row, piece.root)
            known["shows"] = shows(row, piece.root)
            known["videos"] = sum(medium.kind == "video" for medium in row.media)
            known["images"] = len(row.media) - known["videos"]
            known["turns"] = len(row.context)
            known["asked"] = _bytes(row.question) + sum(_bytes(turn.text) for turn in row.context)
            known["spoken"] = _bytes(row.reference or "")
            seen.notes.update(row.notes)
    return seen


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))


def _add(whole: Seen, seen: Seen, place: int) -> None:
    """Add what was found in the piece that begins at a place."""
    numbers = [whole.strata.setdefault(one, len(whole.strata)) for one in seen.strata]
    seen.rows["stratum"] = np.array([*numbers, UNUSABLE])[seen.rows["stratum"]]  # the last one is that of -1
    whole.rows[place : place + len(seen.rows)] = seen.rows
    whole.notes.update(seen.notes)
    whole.missing = list(dict.fromkeys([*whole.missing, *seen.missing]))[:_MISSING]


def _open_media(rows: np.ndarray, opened: Sequence[FileRows]) -> Iterator[Reject]:
    """Open media of rows that are spread over all. Where one is no medium, every row that names it is marked and told."""
    usable = np.flatnonzero(rows["stratum"] != UNUSABLE)
    some = usable[:: max(1, -(-len(usable) // _OPENED))]
    problems = unreadable(medium for _, _, row in _read(opened, some) for medium in row.media)
    roots = {one.root for one in opened}
    numbers = np.array([clip_number(medium, root) for medium in problems for root in roots], dtype=np.uint32)
    named = np.isin(rows["lowest"], numbers) | np.isin(rows["highest"], numbers) | (rows["videos"] + rows["images"] > 2)
    for place, file, row in _read(opened, usable[named[usable]]) if problems else ():
        if medium := next((medium for medium in row.media if medium in problems), None):
            rows["stratum"][place] = UNUSABLE
            yield _reject(file, file.number(row.index), medium, problems[medium])


def _read(opened: Sequence[FileRows], places: np.ndarray) -> Iterator[tuple[int, FileRows, Row]]:
    """Rows at some places of all, in order, with their files; the index of each is its place in the file."""
    start = 0
    for file in opened:
        there = (places[(places >= start) & (places < start + len(file))] - start).tolist()
        for row in file.read(there):
            assert isinstance(row, Row)  # as it was when it was looked at
            yield start + row.index, file, row
        start += len(file)


def _kept(reject: Reject) -> Reject:
    """A reject as the index keeps it, which is the same from wherever it is made."""
    return replace(reject, file=str(Path(reject.file).absolute()))


def _reject(file: FileRows, number: int, medium: Medium, problem: str) -> Reject:
    return reject_of(RowError(f"{file.path}, row {number}, key `{medium.kind}s`: {problem}"), file.path, number)
