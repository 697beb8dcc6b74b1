"""Rows that cannot be used, from an error's words to a file and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.rows.rejects import Reject, counts_by_kind, read_rejects, refusal, reject_of, write_rejects
from rollout.rows.row import RowError

FILE = "data/a, b: c.jsonl"


@pytest.mark.parametrize(
    ("rest", "row", "key", "reason", "fix"),
    [
        (", row 3, key `videos`: /x/a.mp4 does not exist; check it", 3, "videos", "/x/a.mp4 does not exist", "check it"),
        (", row 3: has nothing", 3, "", "has nothing", ""),
        (", row 3: line 7 is not JSON (x; y); write one", 3, "", "line 7 is not JSON (x; y)", "write one"),
        (", row 3 as mine reads it, key `task`: must be text; mend it", 3, "task", "as mine reads it, must be text", "mend it"),
        (": no such file; check the path", 0, "", "no such file", "check the path"),
    ],
)
def test_an_error_is_taken_apart(rest: str, row: int, key: str, reason: str, fix: str) -> None:
    assert reject_of(RowError(FILE + rest), FILE, row) == Reject(FILE, row, key, reason, fix)


def test_an_error_that_names_no_row_is_that_rows_too() -> None:
    assert reject_of(RowError("/x/a.mp4: is cut off; replace it"), FILE, 2) == Reject(
        FILE, 2, "", "/x/a.mp4: is cut off", "replace it"
    )


def test_a_reject_says_what_the_error_said() -> None:
    for message, row in ((f"{FILE}, row 3, key `videos`: is gone; check it", 3), (f"{FILE}: is empty", 0)):
        assert str(reject_of(RowError(message), FILE, row)) == message


def test_rejects_are_counted_by_what_is_wrong_and_not_where() -> None:
    rejects = [Reject(FILE, number, "videos", f"/x/{number}.mp4 does not exist", "") for number in range(3)]
    rejects += [Reject(FILE, 9, "task", "must be text, found a number", "")]
    assert counts_by_kind(rejects) == {"`videos`: … does not exist": 3, "`task`: must be text, found a number": 1}


def test_rejects_are_written_and_read(tmp_path: Path) -> None:
    rejects = [Reject(FILE, 1, "videos", "über\nlines", "fix"), Reject(FILE, 0, "", "?", "")]
    write_rejects(tmp_path / "rejects.jsonl", rejects)
    assert read_rejects(tmp_path / "rejects.jsonl") == rejects
    for text, said in (("{", "line 1: not JSON ("), ('{"a": 1}', "line 1: no reject; write"), (None, "no such file")):
        file = tmp_path / "other.jsonl"
        file.write_text(text) if text else file.unlink()
        with pytest.raises(RowError, match=rf"other\.jsonl(, |: ){said.replace('(', '[(]')}"):
            read_rejects(file)


def test_one_reject_is_refused_in_its_own_words() -> None:
    reject = Reject(FILE, 1, "", "is empty", "write it")
    assert str(refusal([reject], 1, 5)) == str(reject)
    assert str(refusal([reject, reject], 2, 5)).startswith("2 of 5 rows cannot be used:\n")
