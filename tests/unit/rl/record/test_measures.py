"""What an evaluation measures, and what guessing would get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rl.record.measures import MEANINGS, OF_RATIONALES, baselines, evaluate_groups, meanings, measures_of
from rollout.media.medium import Medium
from rollout.rows.row import Row
from rollout.samples import Group
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.test_partial_gold import ATTRIBUTES_ONLY, ROOT_ONLY
from tests.unit.stations import group, prompt


def answered(text: str, task: str, answer: str | None = None, tree: str | None = None) -> Group:
    asked = prompt(task=task, tree=tree)
    return group([text], replace(asked, row=replace(asked.row, answer=answer)), lengths=[5])


def test_rationales_are_measured_by_level_and_other_tasks_by_their_answers() -> None:
    wrong = GOOD.replace("brown", "red").replace("angry", "sad").replace("Angry", "Sad")
    found = evaluate_groups(
        [
            answered(GOOD, "rationale", "Angry", GOOD),
            answered(wrong, "rationale", "Angry", GOOD),
            answered("yes", "attribute_closed", "yes"),
            answered("no", "attribute_closed", "yes"),
            answered("sad", "emotion_single", "angry"),
        ],
        examples=1,
    )
    measures = found.measures
    assert (measures["root_accuracy"], measures["answer_accuracy"], measures["expression_f1"]) == (0.5, 0.5, 1.0)
    assert measures["leaf_f1"] == pytest.approx((1.0 + 0.5) / 2)
    assert (measures["qa/attribute_closed"], measures["qa/emotion_single"]) == (0.5, 0.0)
    assert (measures["length"], measures["ended"]) == (5.0, 1.0)
    (example,) = found.examples
    assert (example.written, example.gold) == (GOOD, GOOD)
    assert evaluate_groups([]).measures == {}


def test_captions_are_measured_as_they_were_judged_and_those_that_were_not_are_left_out() -> None:
    groups = [answered("she smiles", "action_caption", "a smile") for _ in range(3)]
    groups = [replace(one, prompt=replace(one.prompt, key=f"p{number}")) for number, one in enumerate(groups)]
    groups.append(answered("yes", "attribute_closed", "yes"))
    found = evaluate_groups(groups, judged={"p0": 0.8, "p1": 0.6, "p2": None})
    assert found.measures["qa/action_caption"] == pytest.approx(0.7)
    assert found.measures["qa/attribute_closed"] == 1.0
    assert "qa/action_caption" not in evaluate_groups(groups[:1], judged={"p0": None}).measures


def test_measures_are_known_by_name_before_anything_is_measured() -> None:
    found = evaluate_groups([answered(GOOD, "rationale", "Angry", GOOD), answered("yes", "attribute_closed", "yes")])
    assert measures_of(["attribute_closed", "rationale", "rationale"]) == list(found.measures)
    assert measures_of(["qa"]) == ["qa/qa", "length", "ended"]


def test_measures_are_means_over_the_rows_that_know() -> None:
    found = evaluate_groups([answered(GOOD, "rationale", tree=tree) for tree in (ROOT_ONLY, ATTRIBUTES_ONLY, GOOD)]).measures
    assert found["root_accuracy"] == 1.0
    assert found["leaf_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["expression_f1"] == 1.0
    assert "answer_accuracy" not in found
    known = set(evaluate_groups([answered(GOOD, "rationale", tree=ROOT_ONLY)]).measures) - {"length", "ended"}
    assert known == {"root_accuracy", "root_intensity_accuracy", "structure", "tree_edit"}


def test_intervals_are_over_clips() -> None:
    """Twelve rows of two clips, one of which is read right: nobody knows more than that."""
    groups = [answered("yes" if number % 2 else "no", "identity", "yes") for number in range(12)]
    clips = [Medium("video", f"{number % 2}.mp4") for number in range(12)]
    by_clip = [
        replace(one, prompt=replace(one.prompt, row=replace(one.prompt.row, media=(clip,), index=number)))
        for number, (one, clip) in enumerate(zip(groups, clips, strict=True))
    ]
    found = evaluate_groups(by_clip)
    assert found.measures["qa/identity"] == 0.5
    assert found.intervals["qa/identity"] == (0.0, 1.0)
    alone = [
        replace(one, prompt=replace(one.prompt, row=replace(one.prompt.row, media=(), index=n))) for n, one in enumerate(groups)
    ]
    low, high = evaluate_groups(alone).intervals["qa/identity"]
    assert 0.1 < low < 0.5 < high < 0.9
    assert set(found.intervals) == set(found.measures)


def test_each_measure_has_a_line_that_says_what_it_means() -> None:
    assert set(MEANINGS) == {*OF_RATIONALES, "qa", "length", "ended"}
    said = meanings(measures_of(["rationale", "identity", "head_pose"]))
    assert [line.partition(":")[0] for line in said] == [*OF_RATIONALES, "qa", "length", "ended"]
    assert all("\n" not in line and len(line) < 130 for line in said)
    assert [line.partition(":")[0] for line in meanings(["qa/identity", "mine"])] == ["qa"]


def test_a_measure_without_gold_is_left_out() -> None:
    """It was 0.0, as if everything were wrong."""
    found = evaluate_groups([answered(GOOD, "rationale", "no emotion at all"), answered("A", "qa")]).measures
    assert set(measures_of(["rationale", "qa"])) - set(found) == {
        "root_accuracy",
        "root_intensity_accuracy",
        "expression_f1",
        "leaf_f1",
        "edges_f1",
        "tree_edit",
        "qa/qa",
    }


def row(task: str, answer: str | None = None, tree: str | None = None, source: str = "s") -> Row:
    return Row(0, "?", (), task, answer=answer, tree=tree, source=source)


def test_chance_is_one_of_the_labels_and_majority_the_most_frequent() -> None:
    sad, red = GOOD.replace("angry", "sad"), GOOD.replace("brown", "red")
    chance, majority = baselines(
        [
            *(row("rationale", tree=tree) for tree in (GOOD, GOOD, sad, red)),
            *(row("attribute_closed", answer) for answer in ("yes", "yes", "no")),
            row("attribute_closed", "left", source="other"),
        ]
    )
    assert (chance["root_accuracy"], majority["root_accuracy"]) == (0.5, 0.75)
    assert (chance["leaf_f1"], majority["leaf_f1"]) == ((0.5 + 1.0) / 2, (0.75 + 1.0) / 2)
    assert chance["qa/attribute_closed"] == pytest.approx((3 * 0.5 + 1.0) / 4)  # by source, weighted by its rows
    assert majority["qa/attribute_closed"] == pytest.approx((3 * 2 / 3 + 1.0) / 4)
