"""What a scorer is given, and what its result becomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rewards.sample import RewardSample, Score, ScorerError, as_score, finite_number, scorer
from tests.unit.rewards.rationales import GOOD


def test_a_sample_is_read_once() -> None:
    sample = RewardSample(GOOD, tree=GOOD)
    assert sample.parsed is sample.parsed
    assert sample.gold is RewardSample("other", tree=GOOD).gold  # the samples of a prompt have the same gold tree
    assert sample.stated == sample.parsed.tree == sample.gold.tree
    assert RewardSample("").gold.tree.is_empty()


def test_a_completion_with_several_trees_states_none() -> None:
    sample = RewardSample(f"{GOOD}\n{GOOD}")
    assert not sample.parsed.tree.is_empty()
    assert sample.stated.is_empty()


@pytest.mark.parametrize(
    ("result", "score"),
    [
        (None, None),
        (1, Score(1.0)),
        (True, Score(1.0)),
        (np.float32(0.5), Score(0.5)),
        (np.array(0.25), Score(0.25)),
        (Score(2, {"a": 1}), Score(2.0, {"a": 1.0})),
        ({"score": 0.5, 3: np.float64(2)}, Score(0.5, {"3": 2.0})),
        (np.array([0.5]), Score(0.5)),
        (np.array([[0.5]]), Score(0.5)),
        (np.bool_(True), Score(1.0)),
        (torch.tensor(0.5), Score(0.5)),
        (torch.tensor([0.5]), Score(0.5)),
        (torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True), Score(0.5)),
        ({"score": 0.5, "detail": None, "hit": np.bool_(False), "list": np.array([2])}, Score(0.5, {"hit": 0.0, "list": 2.0})),
        ({"score": None, "detail": 1}, None),
        (Score(1, {"a": None}), Score(1.0)),  # type: ignore[dict-item]
    ],
)
def test_every_kind_of_number_is_a_score(result: object, score: Score | None) -> None:
    assert as_score(result, "mine") == score


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (math.nan, "score must be a finite number, found nan"),
        (-math.inf, "score must be a finite number, found -inf"),
        (np.array([0.5, 0.6]), "found array"),
        (torch.tensor([0.5, 0.6]), "found tensor"),
        (1j, "found 1j"),
        ("0.5", r"score must be a finite number, found '0.5' \(str\)"),
        ([1.0], "found .* \\(list\\)"),
        ({"value": 1}, "without `score`: keys \\['value'\\]"),
        ({"score": 1, "why": "because"}, "part why must be a finite number, found 'because'"),
        (Score(1, {"a": math.nan}), "part a must be a finite number"),
    ],
)
def test_what_is_no_score_is_refused_with_the_scorers_name(result: object, said: str) -> None:
    with pytest.raises(ScorerError, match=f"^scorer 'mine'.*{said}"):
        as_score(result, "mine")


def test_a_mode_is_declared_or_refused() -> None:
    @scorer(mode="group")
    def mine(samples: list[RewardSample]) -> list[int]:
        return [1] * len(samples)

    assert mine.affectree_mode == "group"  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="mode must be one of sample, batch, group, found 'groups'"):
        scorer(mode="groups")  # type: ignore[arg-type]


def test_a_range_is_declared_or_refused() -> None:
    @scorer(range=(-1, 0))
    def mine(sample: RewardSample) -> float:
        return 0.0

    assert mine.affectree_range == (-1.0, 0.0)  # type: ignore[attr-defined]
    assert not hasattr(mine, "affectree_mode")
    for wrong in ((1, 0), (1,)):
        with pytest.raises(ValueError, match="range must be the least and the greatest score, such as"):
            scorer(range=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), (True, 1.0), (np.float32(0.5), 0.5), (None, None), ("1", None), (b"1", None), (np.nan, None), ([1], None)],
)
def test_what_is_a_finite_number(value: object, number: float | None) -> None:
    assert finite_number(value) == number
