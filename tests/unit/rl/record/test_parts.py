"""Work in parts: what is done stays, and what another call has begun is not mixed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.record.parts import Parts


def test_parts_that_are_done_are_there_for_the_next_call_in_their_order(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "rows.jsonl"
    parts = Parts(target, {"rows": "a"})
    parts.add(10, [{"row": 3}])
    parts.add(2, [{"row": "é"}, {"row": 2}])
    again = Parts(target, {"rows": "a"})
    assert [again.has(number) for number in (2, 3, 10)] == [True, False, True]
    assert [record["row"] for record in again.records()] == ["é", 2, 3]
    again.remove()
    assert not any((tmp_path / "deep").iterdir())


def test_another_call_and_a_file_that_is_there_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl"
    Parts(target, {"rows": "a"})
    with pytest.raises(UserError, match=r"\.rows\.jsonl\.parts is of a call with other rows or options: .*\"a\""):
        Parts(target, {"rows": "b"})
    target.touch()
    with pytest.raises(UserError, match="is there already"):
        Parts(target, {"rows": "a"})
