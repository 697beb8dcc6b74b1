"""What a single row shows by itself."""

from __future__ import annotations

from rl.data_check.row_rules import row_findings
from rl.data_check.uses import Use
from rollout.rows.row import Row
from rollout.samples import gold_sample


def row(task: str = "qa", **known: object) -> Row:
    return Row(0, "What is it?", (), task, **known)  # type: ignore[arg-type]


def said(one: Row, uses: set[Use] | None) -> list[tuple[str, str, str]]:
    return [(found.severity, found.key, found.reason) for found in row_findings(one, gold_sample(one), uses)]


def test_a_row_with_an_answer_and_an_assistant_turn_is_right_for_everything() -> None:
    whole = row(answer="b", reference="b")
    assert said(whole, None) == said(whole, {"tune", "reward"}) == []


def test_nothing_to_imitate_is_an_error_where_a_stage_tunes_on_it() -> None:
    one = row(answer="b")
    assert said(one, {"tune"}) == [("error", "messages", "no assistant turn, and a stage tunes on it")]
    assert said(one, {"reward"}) == []
    assert said(one, None) == [("warning", "messages", "no assistant turn, so that it cannot be tuned on")]


def test_nothing_that_is_right_is_told_once() -> None:
    assert [key for _, key, _ in said(row(), {"reward"})] == ["answer"]
    assert [key for _, key, _ in said(row(), {"tune"})] == ["messages"]


def test_a_rationale_in_words_without_gold_is_told() -> None:
    ((severity, key, reason),) = said(row("rationale", reference="Her mouth is up, and the light is warm."), None)
    assert (severity, key) == ("warning", "tree")
    assert reason == "a rationale without a `tree` and an `answer`, so that nothing can be compared with it"


def test_what_was_noted_when_the_row_was_read_is_handed_on() -> None:
    assert said(row(answer="b", reference="b", notes=("have `audios`, which are not used",)), set()) == [
        ("warning", "messages", "have `audios`, which are not used")
    ]
