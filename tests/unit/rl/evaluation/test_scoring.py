"""What is measured of a row, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from rewards.sample import RewardSample
from rl.evaluation.classes import OTHER
from rl.evaluation.scoring import RowScore, answer_scores, class_of, emotion_words, score_answers
from tests.unit.rewards.rationales import GOOD

MAFW = "(A) Anxiety (B) Surprise (C) Neutral (D) Disgust (E) Sadness (F) Fear (G) Contempt (H) Anger (I) Helplessness"
APPEARANCE = ["blurry", "male", "young", "black_hair", "bangs", "no_beard", "eyeglasses"]


def blank(task: str, measure: str = "accuracy") -> RowScore:
    return RowScore("q", "c", task, "s", "asked", measure=measure)


def paper_f1(gold: str, said: str, classes: list[str]) -> float:
    """As the paper's repository computes it (eval/eval_results.py, calculate_f1)."""
    binary = MultiLabelBinarizer(classes=classes)
    true = binary.fit_transform([[one.lower() for one in gold.split(",")]])
    found = binary.transform([[one.lower() for one in said.split(",")] if said != "none" else []])
    return float(f1_score(true, found, average="micro"))


def test_sets_of_letters_have_the_papers_f1() -> None:
    rng = np.random.default_rng(0)
    letters = list("ABCDEFGHI")
    for _ in range(40):
        gold, said = ("".join(sorted(rng.choice(letters, rng.integers(1, 5), replace=False))) for _ in range(2))
        sample = RewardSample(said, "emotion_multi", f"Which? {MAFW}", gold)
        assert answer_scores(sample)["score"] == pytest.approx(
            paper_f1(",".join(gold), ",".join(said), [one.lower() for one in letters])
        )


def test_sets_of_labels_have_the_papers_f1() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        gold, said = (",".join(rng.choice(APPEARANCE, rng.integers(1, 6), replace=False)) for _ in range(2))
        sample = RewardSample(said.replace(",", ", "), "appearance", "Which?", gold.replace(",", ", "))
        assert answer_scores(sample)["score"] == pytest.approx(paper_f1(gold, said, APPEARANCE))


def test_action_units_have_the_papers_f1() -> None:
    units = [f"au{number}" for number in (1, 2, 4, 6, 7, 10, 12)]
    rng = np.random.default_rng(2)
    for _ in range(40):
        gold, said = (",".join(rng.choice(units, rng.integers(1, 5), replace=False)) for _ in range(2))
        sample = RewardSample(said.upper(), "action_units", "Which?", gold.upper())
        assert answer_scores(sample)["score"] == pytest.approx(paper_f1(gold, said, units))
    assert answer_scores(RewardSample("None", "action_units", "", "None"))["score"] == 1.0  # the paper's script gives 0


def test_one_label_is_right_or_wrong_and_has_a_class() -> None:
    right = RewardSample("B", "emotion_single", "Which? (A) Happy (B) Sad", "Sad")
    found = score_answers([right], [None], blank("emotion_single"))
    assert (found.scores, found.measure, found.gold, found.said) == ({"score": 1.0}, "accuracy", "sad", "sad")
    assert (found.gold_words, found.said_words) == (("sad",), ("sad",))
    wrong = score_answers([RewardSample("", "emotion_single", "", "Sad")], [None], blank("emotion_single"))
    assert (wrong.scores["score"], wrong.said) == (0.0, OTHER)


def test_an_intensity_is_part_of_the_class() -> None:
    sample = RewardSample("angry (strong)", "emotion_fine", "", "Angry (Strong)")
    assert class_of(sample) == class_of(sample, gold=True) == "angry (strong)"
    assert class_of(RewardSample("angry (weak)", "emotion_fine", "", "Angry (Strong)")) == "angry (weak)"


def test_rationales_have_the_measures_of_their_trees() -> None:
    found = score_answers([RewardSample(GOOD, answer="Angry", tree=GOOD)], [None], blank("rationale"))
    assert set(found.scores) >= {"score", "root_accuracy", "leaf_f1", "tree_edit", "structure"}
    assert set(found.scores.values()) == {1.0}
    assert (found.gold, found.said) == ("angry", "angry")
    two_bets = GOOD.replace("<answer>Angry</answer>", "<answer>Sad</answer>")
    assert class_of(RewardSample(two_bets, answer="Angry", tree=GOOD)) == OTHER


def test_several_answers_are_averaged_and_the_best_and_the_most_frequent_stand_beside() -> None:
    said = ["sad", "happy", "happy", "angry"]
    samples = [RewardSample(text, "emotion_single", "", "sad") for text in said]
    found = score_answers(samples, [None] * 4, blank("emotion_single"))
    assert (found.scores["score"], found.scores["best"], found.scores["majority"]) == (0.25, 1.0, 0.0)
    assert found.said == "sad"
    majority = score_answers(samples[:1] * 2 + samples[1:2], [None] * 3, blank("emotion_single"))
    assert majority.scores["majority"] == 1.0


def test_captions_are_worth_what_was_said_of_them_and_a_judge_that_failed_leaves_the_row_out() -> None:
    sample = RewardSample("a smile", "action_caption", "", "she smiles")
    found = score_answers([sample, sample], [{"score": 0.4}, {"score": 0.8}], blank("action_caption", "judge"))
    assert found.scores["score"] == pytest.approx(0.6)
    assert found.measure == "judge"
    failed = score_answers([sample], ["the judge gave no verdict: busy"], blank("action_caption", "judge"))
    assert (failed.scores, failed.problem) == ({}, "the judge gave no verdict: busy")


def test_a_stated_confidence_is_no_part_of_the_answer() -> None:
    sample = RewardSample("sad, confidence: 0.9", "emotion_single", "", "sad")
    assert score_answers([sample], [None], blank("emotion_single")).scores["score"] == 1.0
    strong = RewardSample("Angry (Strong) (Confidence: 80%)", "emotion_fine", "", "Angry (Strong)")
    assert score_answers([strong], [None], blank("emotion_fine")).scores["score"] == 1.0


def test_the_most_frequent_answer_has_its_strength() -> None:
    texts = ("angry (weak)", "angry (strong)", "Angry (Strong)")
    samples = [RewardSample(text, "emotion_fine", "", "Angry (Strong)") for text in texts]
    assert score_answers(samples, [None] * 3, blank("emotion_fine")).scores["majority"] == 1.0


def test_each_of_several_answers_is_as_sure_as_it_says() -> None:
    texts = ("sad, confidence: 0.9", "happy, confidence: 0.3", "sad")
    samples = [RewardSample(text, "emotion_single", "", "sad") for text in texts]
    assert score_answers(samples, [None] * 3, blank("emotion_single")).stated == ((0.9, 1.0), (0.3, 0.0))


def test_emotions_are_listed_as_they_were_written() -> None:
    sample = RewardSample("", "emotion_multi", f"Which? {MAFW}", "BF")
    assert emotion_words("BF", sample) == ("surprise", "fear")
    assert emotion_words("<answer>Joyful and calm</answer>", sample) == ("joyful", "calm")
    assert emotion_words("", sample) == ()
