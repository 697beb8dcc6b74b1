"""Calling scorers in every declared way, and what their faults become."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import numpy as np
import pytest

from rewards.plugins.calling import call, is_async
from rewards.sample import Failure, InfrastructureError, Mode, Outcome, RewardSample, Score

SAMPLES = [RewardSample(text) for text in ("a", "bb", "ccc")]


def outcomes(function: object, mode: Mode = "sample", samples: Sequence[RewardSample] = SAMPLES) -> list[Outcome]:
    return [outcome for _, outcome in sorted(call(function, "mine", mode, samples, {}), key=lambda pair: pair[0])]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "result", [math.nan, math.inf, -math.inf, "0.5", [1.0], {"value": 1}, Score(math.nan), Score(1, {"a": math.nan})]
)
def test_what_is_not_a_score_is_a_failure_with_its_name(result: object) -> None:
    for outcome in outcomes(lambda sample: result):
        assert isinstance(outcome, Failure)
        assert "mine" in outcome.message


@pytest.mark.parametrize("result", [np.float32(0.5), np.int64(1), np.array(0.25), True, {"score": 0.5, "part": np.float64(2)}])
def test_every_kind_of_number_is_a_score(result: object) -> None:
    assert all(isinstance(outcome, Score) for outcome in outcomes(lambda sample: result))


def test_none_means_not_applicable() -> None:
    assert outcomes(lambda sample: None) == [None] * 3


@pytest.mark.parametrize("results", [[1, 2], [1, 2, 3, 4], 1.0, {"score": 1}, "abc", None])
def test_a_list_of_the_wrong_length_is_never_spread_over_samples(results: object) -> None:
    for outcome in outcomes(lambda samples: results, "batch"):
        assert isinstance(outcome, Failure)


def test_one_bad_item_of_a_batch_costs_one_sample() -> None:
    assert outcomes(lambda samples: [1, math.nan, None], "batch")[0] == Score(1.0)
    assert isinstance(outcomes(lambda samples: [1, math.nan, None], "batch")[1], Failure)
    assert outcomes(lambda samples: [1, math.nan, None], "batch")[2] is None


def test_coroutines_are_awaited_in_every_mode() -> None:
    async def one(sample: RewardSample) -> int:
        return len(sample.completion)

    async def many(samples: list[RewardSample]) -> list[int]:
        return [len(sample.completion) for sample in samples]

    expected = [Score(1.0), Score(2.0), Score(3.0)]
    assert outcomes(one) == outcomes(many, "batch") == outcomes(many, "group") == expected


def test_only_faults_of_infrastructure_are_marked_for_another_try() -> None:
    def broken(error: Exception) -> object:
        def function(sample: RewardSample) -> float:
            raise error

        return function

    for error in (ConnectionError("gone"), InfrastructureError("busy"), TimeoutError()):
        assert all(isinstance(o, Failure) and o.infrastructure for o in outcomes(broken(error)))
    for error in (ValueError("no"), ZeroDivisionError(), AssertionError(), MemoryError()):
        assert all(isinstance(o, Failure) and not o.infrastructure for o in outcomes(broken(error)))


def test_a_failure_says_where_it_happened() -> None:
    def helper() -> float:
        return [1.0][3]

    (first, *_) = outcomes(lambda sample: helper())
    assert isinstance(first, Failure)
    assert "IndexError" in first.message
    assert "test_calling.py" in first.message
    assert "in helper" in first.message


def test_outcomes_come_as_they_are_known() -> None:
    seen: list[str] = []
    answers = call(lambda sample: seen.append(sample.completion) or 1, "mine", "sample", SAMPLES, {})
    assert next(answers) == (0, Score(1.0))
    assert seen == ["a"]


def test_a_call_gets_its_parameters() -> None:
    ((_, outcome),) = call(lambda sample, plus: len(sample.completion) + plus, "mine", "sample", SAMPLES[:1], {"plus": 2})
    assert outcome == Score(3.0)


def test_a_late_coroutine_costs_its_own_sample() -> None:
    async def slow(sample: RewardSample) -> int:
        await asyncio.sleep(0 if sample.completion == "a" else 60)
        return 1

    found = dict(call(slow, "mine", "sample", SAMPLES, {}, timeout=0.2))
    assert found == {0: Score(1.0), 1: Failure("timed out after 0.2 s"), 2: Failure("timed out after 0.2 s")}


def test_coroutines_are_awaited_where_a_loop_runs_already() -> None:
    async def many(samples: list[RewardSample]) -> list[int]:
        return [1] * len(samples)

    async def notebook() -> list[Outcome]:
        return outcomes(many, "batch")

    assert asyncio.run(notebook()) == [Score(1.0)] * 3


def test_async_functions_and_objects_are_told() -> None:
    class Holder:
        async def __call__(self, sample: RewardSample) -> int:
            return 1

    async def function(sample: RewardSample) -> int:
        return 1

    assert is_async(function)
    assert is_async(Holder())
    assert not is_async(len)
