"""What is right on a row is tried on the run's scorers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rewards.bases import settings_file
from rewards.mix import with_sources
from rewards.mix_settings import mix_entries, read_mix
from rl.data_check.finding import Finding
from rl.data_check.gold import GoldScorer, gold_completion, missing_gold
from rollout.rows.row import Row
from rollout.samples import gold_sample

TREE = "<tree>\nattribute\na1 mouth corners: up\nexpression\ne1 smile < a1\nemotion\nm1 happy < e1\n</tree>"


def row(task: str = "rationale", **known: object) -> Row:
    return Row(0, "What is it?", (), task, **known)  # type: ignore[arg-type]


@pytest.fixture
def default() -> Iterator[GoldScorer]:
    scorer = GoldScorer(read_mix(settings_file("rewards/default")))
    yield scorer
    scorer.close()


def look(scorer: GoldScorer, *rows: Row) -> list[list[Finding]]:
    return scorer.look(rows, list(map(gold_sample, rows)))


def only(scorer: GoldScorer, one: Row) -> Finding:
    ((found,),) = look(scorer, one)
    return found


def test_the_gold_completion_is_the_assistant_turn_or_else_tree_and_answer() -> None:
    assert gold_completion(row("qa", answer="b", reference="it is b")) == "it is b"
    assert gold_completion(row("qa", answer="b")) == "b"
    assert gold_completion(row(tree=TREE, answer="happy")) == f"{TREE}\n<answer>happy</answer>"
    assert gold_completion(row(tree=f"{TREE}\n<answer>sad</answer>", answer="happy")) == f"{TREE}\n<answer>sad</answer>"
    assert gold_completion(row(answer="happy")) is None


def test_rows_whose_gold_earns_everything_are_right(default: GoldScorer) -> None:
    rows = [
        row(tree=TREE, answer="happy"),
        row(tree=TREE, answer="happy", reference=f"{TREE}\n<answer>happy</answer>"),
        row("emotion_single", answer="A", reference="happy", options=("happy", "sad")),
        row("action_units", answer="AU4, AU12", answers=("AU4", "AU12")),
    ]
    assert look(default, *rows) == [[], [], [], []]


def test_the_scorers_that_gold_does_not_satisfy_are_named(default: GoldScorer) -> None:
    found = only(default, row("emotion_single", answer="A", reference="happy", options=("angry", "sad")))
    assert (found.severity, found.key) == ("warning", "messages")
    assert found.reason == "the assistant turn earns less than everything (qa 0)"
    in_words = only(default, row(tree=TREE, answer="happy", reference="He smiles, so he is happy."))
    assert in_words.reason == (
        "the assistant turn earns less than everything (root 0, leaf 0, expression 0, edges 0, tree_edit 0, structure 0, qa 0, "
        "format 0)"
    )


def test_rows_that_nothing_rewards_are_told() -> None:
    scorer = GoldScorer(mix_entries({"qa": {"tasks": ["emotion_*"]}, "root": {"tasks": ["rationale"]}, "format": {"weight": 0}}))
    unjudged = only(scorer, row("caption", answer="a man"))
    assert (unjudged.severity, unjudged.reason) == ("warning", "no scorer with a weight above 0 judges 'caption'")
    without = only(scorer, row("emotion_single"))
    assert (without.severity, without.reason) == ("warning", "it has no gold for qa, so that nothing rewards it")


def test_rows_that_only_scorers_without_gold_reward_are_warned_of(default: GoldScorer) -> None:
    found = only(default, row("qa"))
    assert (found.severity, found.reason) == ("warning", "it has no gold for qa: only format reward it")


def test_what_a_scorer_promises_is_the_most_that_is_asked_of_it() -> None:
    scorer = GoldScorer(mix_entries({"overlong": {}}))  # from -1 to 0
    assert look(scorer, row("qa", answer="b")) == [[]]


def test_a_scorer_that_fails_on_what_is_right_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def mine(sample):\n    return 1 / 0\n")
    scorer = GoldScorer(with_sources(mix_entries({"mine": {"spec": f"{file}:mine", "isolation": "inline"}})))
    found = only(scorer, row("qa", answer="b"))
    assert found.severity == "warning"
    assert found.reason.startswith("scorer 'mine' failed on what is right: ZeroDivisionError")


def test_scorers_that_ask_a_judge_are_left_out_but_apply() -> None:
    scorer = GoldScorer(mix_entries({"caption": {"parameters": {"judge": "hosted"}}}))
    assert look(scorer, row("fine_caption", answer="a man smiles")) == [[]]


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        ({"columns": {"solution": "happy"}}, "set data.columns={answer: solution}"),
        ({"columns": {"solution": None, "id": 3}}, "give it an `answer`, or leave it to evaluation by eye"),
    ],
)
def test_gold_that_is_missing_may_have_another_name(known: dict[str, object], hint: str) -> None:
    found = missing_gold(row("qa", **known))
    assert found is not None
    assert (found.key, found.fix) == ("answer", hint)
    assert missing_gold(row("qa", answer="b", **known)) is None
