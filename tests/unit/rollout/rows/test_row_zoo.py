"""Each row of the zoo is read as it should be, or refused with its message; none ends in a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollout.rows.build import build_row
from rollout.rows.formats.registry import AUTO, open_format
from rollout.rows.row import Row, RowError
from tests.unit.rollout.rows.row_zoo import REFUSED, USED, ZOO, OddRow

ROOT = Path("/data")


def read(row: dict[str, Any]) -> Row:
    """A row, as a file of its own has it."""
    found = open_format(AUTO, ROOT / "rows.json", list(row), row)
    where = "rows.json, row 1"
    return build_row(found.columns(row, where), 0, where + found.reader, ROOT)


def files(row: Row) -> list[str]:
    """The files of a row, from the root."""
    named = [path for medium in row.media for path in (medium.frames or (medium.path,))]
    return [Path(path).relative_to(ROOT).as_posix() for path in named]


def test_it_is_large_and_each_has_a_name_of_its_own() -> None:
    assert len(ZOO) >= 40
    assert len({odd.name for odd in ZOO}) == len(ZOO)


@pytest.mark.parametrize("odd", USED, ids=lambda odd: odd.name)
def test_rows_that_can_be_used_are_read(odd: OddRow) -> None:
    row = read(odd.row)
    for name, value in odd.read.items():
        match name:
            case "files":
                assert files(row) == value
            case "context":
                assert tuple((turn.role, turn.text) for turn in row.context) == value
            case _:
                assert getattr(row, name) == value, name
    assert len(row.notes) == (odd.noted is not None)
    assert (odd.noted or "") in "".join(row.notes)


@pytest.mark.parametrize("odd", REFUSED, ids=lambda odd: odd.name)
def test_rows_that_cannot_be_used_are_refused_with_their_message(odd: OddRow) -> None:
    with pytest.raises(RowError) as error:
        read(odd.row)
    assert str(error.value).startswith("rows.json, row 1")
    assert odd.said
    assert odd.said in str(error.value)
