"""Each scorer on cases whose score is known, and the mix's treatment of faults."""

import math

import pytest

from rewards import scorers
from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.sample import RewardSample, Score
from tests.unit.rewards.tree.test_parser import GOOD


def sample(completion: str, **facts: object) -> RewardSample:
    return RewardSample(completion, **{"answer": "angry", "tree": GOOD, **facts})  # type: ignore[arg-type]


def value(score: object) -> float:
    assert score is not None
    return score.value if isinstance(score, Score) else score  # type: ignore[return-value]


FOR_RATIONALES = (
    scorers.structure,
    scorers.leaf,
    scorers.root,
    scorers.expression,
    scorers.tree_edit,
    scorers.qa,
    scorers.format,
)


def test_a_perfect_rationale_scores_one_everywhere() -> None:
    perfect = sample(GOOD)
    for scorer in FOR_RATIONALES:
        assert value(scorer(perfect)) == 1.0


def test_an_empty_completion_scores_zero_everywhere() -> None:
    for scorer in FOR_RATIONALES:
        assert value(scorer(sample(""))) == 0.0


def test_structure_counts_rules() -> None:
    assert scorers.structure(sample(GOOD.replace("< a2", "< a7"))) == pytest.approx(8 / 9)
    assert scorers.structure(sample(GOOD.replace("<answer>Angry</answer>", ""))) == pytest.approx(8 / 9)


def test_leaf_is_micro_f1_with_synonyms_folded() -> None:
    half = GOOD.replace("hair color: brown", "hair colour: black")
    assert value(scorers.leaf(sample(half))) == pytest.approx(0.5)
    assert value(scorers.leaf(sample(GOOD.replace("hair color", "Hair Colour")))) == 1.0


def test_root_gives_partial_credit_for_the_wrong_intensity() -> None:
    weaker = sample(GOOD.replace("(strong)", "(weak)"))
    assert scorers.root(weaker) == 1.0
    assert scorers.root(weaker, wrong_intensity=0.25) == 0.25
    assert scorers.root(sample(GOOD.replace("m1 angry", "m1 sad"))) == 0.0


def test_tree_edit_is_the_papers_formula() -> None:
    one_off = sample(GOOD.replace("brown", "black"))
    assert value(scorers.tree_edit(one_off, scale=0.5, normalise="none")) == pytest.approx(math.exp(-0.5))
    nodes = 6  # video, person, emotion, expression, two attributes
    assert value(scorers.tree_edit(one_off, scale=2.0, normalise="size")) == pytest.approx(math.exp(-2 / nodes))
    assert value(scorers.tree_edit(one_off, normalise="teds")) == pytest.approx(1 - 1 / nodes)


def test_qa_by_task() -> None:
    assert scorers.qa(sample("B", task="attribute_closed", answer="B", options=("red", "brown"))) == 1.0
    assert scorers.qa(sample("brown", task="attribute_closed", answer="B", options=("red", "brown"))) == 1.0
    assert scorers.qa(sample("AU1, AU2", task="action_units", answer="AU1, AU4")) == pytest.approx(0.5)
    assert scorers.qa(sample("None", task="action_units", answer="None")) == 1.0
    assert scorers.qa(sample("Anger (strong)", task="emotion_fine", answer="angry (strong)")) == 1.0
    assert scorers.qa(sample("angry (weak)", task="emotion_fine", answer="angry (strong)")) == 0.0


def test_the_mix_routes_by_task_and_weighs() -> None:
    mix = build_mix(mix_entries({"root": {"weight": 3, "tasks": ["rationale"]}, "qa": {"weight": 1}}))
    wrong_root = mix(sample(GOOD.replace("m1 angry", "m1 sad")))
    assert wrong_root.value == pytest.approx(0.25)
    assert dict(wrong_root.parts) == {"root": 0.0, "qa": 1.0}
    assert dict(wrong_root.levels) == {"emotion": 0.0}
    assert dict(mix(sample("angry", task="emotion_single")).parts) == {"qa": 1.0}
    nothing = build_mix(mix_entries({"root": {"tasks": ["rationale"]}}))(sample("angry", task="emotion_single"))
    assert nothing.value is None
    assert nothing.errors == {"mix": "no scorer applies to task 'emotion_single'"}
