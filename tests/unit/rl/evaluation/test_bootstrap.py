"""Intervals and p-values over clips."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test
from scipy.stats import bootstrap as scipy_bootstrap

from rl.evaluation.bootstrap import Values, bootstrap, interval_of, mcnemar, p_by_swapping


def single(scores: list[float]) -> Values:
    return Values(scores, [f"clip{place}" for place in range(len(scores))])


def test_the_mean_is_over_strata_of_the_mean_over_rows() -> None:
    values = Values([1.0, 0.0, 0.0, 1.0], ["a", "b", "c", "d"], ["x", "x", "x", "y"])
    assert values.mean() == pytest.approx((1 / 3 + 1) / 2)
    assert single([1.0, 0.0, 0.0, 1.0]).mean() == 0.5
    assert np.isnan(Values([], []).mean())


def test_where_each_row_has_a_clip_of_its_own_the_interval_is_the_usual_one() -> None:
    scores = np.random.default_rng(1).random(60).tolist()
    ours = interval_of(bootstrap([single(scores)], draws=8000)[:, 0])
    theirs = scipy_bootstrap((scores,), np.mean, n_resamples=8000, method="percentile", rng=3).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.004)
    assert ours.high == pytest.approx(theirs.high, abs=0.004)


@pytest.mark.parametrize("clips", [1, 4, 30])
def test_where_all_are_right_or_wrong_the_interval_is_the_exact_one(clips: int) -> None:
    """Draws cannot tell: they are all the same, and the interval would have no width."""
    for score in (1.0, 0.0):
        found = interval_of(bootstrap([single([score] * clips)])[:, 0], clips)
        exact = binomtest(int(score * clips), clips).proportion_ci(method="exact")
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_rows_of_one_clip_are_drawn_together() -> None:
    """Ten rows a clip that are all right or all wrong tell as much as one."""
    once = [float(place % 2) for place in range(20)]
    many = Values([score for score in once for _ in range(10)], [f"c{place}" for place in range(20) for _ in range(10)])
    wide, narrow = (interval_of(bootstrap([of])[:, 0]) for of in (many, single(many.scores)))  # type: ignore[arg-type]
    assert wide == interval_of(bootstrap([single(once)])[:, 0])
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)


def test_the_same_seed_draws_the_same_and_columns_share_their_clips() -> None:
    values = single([0.1, 0.9, 0.4, 0.3])
    draws = bootstrap([values, values], draws=50, seed=4)
    assert np.array_equal(draws[:, 0], draws[:, 1])
    assert np.array_equal(draws, bootstrap([values, values], draws=50, seed=4))
    assert not np.array_equal(draws, bootstrap([values, values], draws=50, seed=5))


def test_many_clips_are_drawn_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    values = single([0.0, 1.0, 1.0])
    whole = bootstrap([values], draws=40)
    monkeypatch.setattr("rl.evaluation.bootstrap._AT_ONCE", 3 * 7)
    assert np.array_equal(bootstrap([values], draws=40), whole)


def test_swapping_gives_the_p_value_of_a_paired_permutation_test() -> None:
    rng = np.random.default_rng(7)
    first, second = rng.random(25), rng.random(25) - 0.2

    def mean_difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(np.mean(a - b, axis=axis))

    theirs = permutation_test((first, second), mean_difference, permutation_type="samples", vectorized=True, n_resamples=20_000)
    ours = p_by_swapping(single(first.tolist()), single(second.tolist()), draws=20_000)
    assert ours == pytest.approx(theirs.pvalue, abs=0.005)


def test_equal_models_do_not_differ_and_opposite_ones_do() -> None:
    right, wrong = single([1.0] * 16), single([0.0] * 16)
    assert p_by_swapping(right, right) == 1.0
    assert p_by_swapping(right, wrong) < 0.005


def test_a_difference_in_one_clip_is_no_evidence_however_many_rows_it_has() -> None:
    clips = ["a"] * 50 + ["b"]
    assert p_by_swapping(Values([1.0] * 50 + [0.0], clips), Values([0.0] * 51, clips)) == pytest.approx(1.0)


def test_mcnemar_is_the_exact_test_of_the_rows_that_differ() -> None:
    # 8 rows only the first has right, 1 only the second: 2 * (1 + 9) / 2^9
    first, second = [1.0] * 8 + [0.0] + [1.0] * 5, [0.0] * 8 + [1.0] + [1.0] * 5
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar(first, first) == 1.0
