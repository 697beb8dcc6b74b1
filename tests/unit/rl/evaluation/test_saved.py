"""The folder of an evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.evaluation.saved import EvaluationFolder
from tests.unit.rl.evaluation.scored_rows import row


def test_what_was_measured_can_be_compared_later(tmp_path: Path) -> None:
    place = EvaluationFolder(tmp_path)
    assert not place.is_there()
    scored = [
        row("identity", 1.0, gold_words=("sad",), said_words=("sad\u2028", "x\x85y"), stated=((0.5, 1.0),)),
        row("rationale", 0.0, arm="direct", problem="slow: 1 s"),
    ]
    place.rows.write_text(place.rows_text(scored))
    place.results.write_text(json.dumps({"evaluations": [{"model": "m"}]}))
    assert place.is_there()
    assert place.read().rows == tuple(scored)
    assert place.read().asked() == ("m", scored[:1])


@pytest.mark.parametrize("content", ["{", "{}", '{"evaluations": []}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    place = EvaluationFolder(tmp_path)
    place.rows.write_text("")
    place.results.write_text(content)
    with pytest.raises(UserError, match="the saved evaluation cannot be read"):
        place.read()


def test_a_folder_without_them_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no saved evaluation"):
        EvaluationFolder(tmp_path).read()
