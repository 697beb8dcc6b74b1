"""Two models on the same rows."""

from __future__ import annotations

import pytest

from rl.evaluation.bootstrap import mcnemar
from rl.evaluation.comparison import compare
from tests.unit.rl.evaluation.scored_rows import row, rows


def test_rows_are_matched_by_their_questions_and_others_left_out() -> None:
    first = [*rows("identity", [1.0] * 12), row("identity", 1.0, number=90), row("identity", 0.0, number=91, problem="slow: 3 s")]
    second = [*reversed(rows("identity", [0.0] * 10 + [1.0] * 2)), row("identity", 1.0, number=91)]
    found = compare("A", first, "B", second)
    (one,) = found.differences
    assert (one.group, one.column, one.rows) == ("Closed attributes", "ID", 12)
    assert (one.first, one.second, one.value) == (1.0, pytest.approx(2 / 12), pytest.approx(10 / 12))
    assert one.interval.low > 0.5
    assert one.p < 0.01
    assert one.mcnemar == pytest.approx(mcnemar([1.0] * 10, [0.0] * 10))
    assert found.left_out == 2


def test_mcnemar_is_for_answers_that_are_right_or_wrong() -> None:
    (one,) = compare("A", rows("emotion_multi", [0.5, 1.0]), "B", rows("emotion_multi", [0.5, 0.0])).differences
    assert one.mcnemar is None
    assert one.p == 1.0  # one row differs: swapping it gives as much


def test_equal_models_do_not_differ() -> None:
    (one,) = compare("A", rows("identity", [1.0, 0.0]), "B", rows("identity", [1.0, 0.0])).differences
    assert (one.value, one.p, one.mcnemar) == (0.0, 1.0, 1.0)
    assert (one.interval.low, one.interval.high) == (0.0, 0.0)


def test_the_direct_arm_is_compared_in_what_both_answer() -> None:
    tree = [row("rationale", 1.0, scores={"root_accuracy": 1.0, "leaf_f1": 0.5})]
    direct = [row("rationale", 0.0, arm="direct")]
    assert [one.column for one in compare("A", tree, "A (direct)", direct).differences] == ["Answer"]
