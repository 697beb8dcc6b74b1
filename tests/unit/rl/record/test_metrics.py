"""What a step reports."""

from __future__ import annotations

import time

import pytest

from rewards.sample import Reward
from rl.record.metrics import (
    Stopwatch,
    age_metrics,
    failed_samples,
    reward_metrics,
    scorer_errors,
    sft_metrics,
    step_line,
    step_metrics,
    timing_metrics,
)
from tests.unit.stations import group, scored, scored_group


def test_means_are_over_samples_and_spreads_over_groups() -> None:
    first = scored(
        group(["", ""], lengths=[3, 5]),
        [Reward(1.0, parts={"leaf": 1.0, "leaf.precision": 0.5}, levels={"attribute": 1.0}), Reward(0.0, parts={"leaf": 0.0})],
    )
    second = scored(group(["", ""], lengths=[1, 1]), [Reward(0.5, parts={"root": 0.5}), Reward(None, errors={"leaf": "no"})])
    found = reward_metrics([first, second])
    assert found["reward/mean"] == pytest.approx(0.5)
    assert (found["reward/max"], found["reward/min"]) == (1.0, 0.0)
    assert found["reward/group_std"] == pytest.approx((0.5 + 0.0) / 2)
    assert found["reward/zero_variance_groups"] == 0.5
    assert (found["reward/errors"], found["reward/errors/leaf"], found["reward/dropped"]) == (1.0, 1.0, 1.0)
    assert found["reward/parts/leaf"] == 0.5
    assert found["reward/parts/root"] == 0.5
    assert found["reward/levels/attribute"] == 1.0
    assert (found["rollout/tokens"], found["rollout/length"], found["rollout/length_max"]) == (10.0, 2.5, 5.0)
    assert found["rollout/truncated"] == 0.0


def test_a_step_of_which_nothing_was_scored_has_no_statistics_of_rewards() -> None:
    drawn = scored(group(["", ""]), [Reward(None, abstained=True), Reward(None, {"leaf": 0.5}, errors={"root": "no"})])
    found = reward_metrics([drawn])
    assert {name: value for name, value in found.items() if name.startswith("reward/")} == {
        "reward/errors": 1.0,
        "reward/errors/root": 1.0,
        "reward/observer_errors": 0.0,
        "reward/abstained": 1.0,
        "reward/dropped": 2.0,
        "reward/parts/leaf": 0.5,
    }


def test_groups_without_a_reward_are_not_among_those_of_equal_rewards() -> None:
    found = reward_metrics([scored_group([1.0, 0.0]), scored_group([None, None])])
    assert (found["reward/group_std"], found["reward/zero_variance_groups"]) == (0.5, 0.0)


def test_observers_errors_are_counted_apart() -> None:
    drawn = scored(group(["", ""]), [Reward(1.0, observer_errors={"probe": "down"}), Reward(0.0)])
    found = reward_metrics([drawn])
    assert (found["reward/observer_errors"], found["reward/observer_errors/probe"], found["reward/errors"]) == (1.0, 1.0, 0.0)
    assert (scorer_errors([drawn]), failed_samples([drawn])) == ({}, 0)
    assert "reward/errors/probe" not in found


def test_failures_are_counted_by_scorer_and_by_sample() -> None:
    failing = scored(group(["", ""]), [Reward(None, errors={"a": "x", "b": "y"}), Reward(1.0, errors={"a": "z"})])
    assert scorer_errors([failing]) == {"a": 2, "b": 1}
    assert failed_samples([failing]) == 2


def test_age_is_that_of_the_oldest_weights() -> None:
    drawn = group(["", "", ""], versions=[(7,), (6, 7), (5, 7)])
    assert age_metrics([drawn], 7, 1) == {"rollout/age_mean": 1.0, "rollout/age_max": 2.0, "rollout/stale": 1.0}


def test_time_is_shown_by_phase_and_tokens_by_the_whole_step() -> None:
    found = timing_metrics({"generate": 3.0, "learn": 1.0}, tokens=8.0)
    assert found["seconds/step"] == 4.0
    assert found["rollout/tokens_per_second"] == 2.0
    assert found["learner/idle_share"] == 0.75


def test_a_step_has_the_metrics_of_all_its_parts_and_a_line_that_shows_them() -> None:
    updated = {"kl": 0.01, "clip_share": 0.25}
    found = step_metrics([scored_group([1.0, 0.0])], updated, {"sync/bytes": 5.0}, {"generate": 1.0, "learn": 1.0}, 1, 0)
    assert (found["learner/kl"], found["sync/bytes"], found["rollout/age_max"]) == (0.01, 5.0, 0.0)
    line = step_line(3, 10, found)
    assert line.startswith("step 3/10 | reward 0.500 () | kl 0.0100 clip 0.250 |")
    assert line.endswith(" | errors 0")


def test_a_step_of_which_nothing_was_learned_has_a_line_that_says_so() -> None:
    rewards = [Reward(None, abstained=True), Reward(None, observer_errors={"probe": "down"}, abstained=True)]
    found = step_metrics([scored(group(["", ""]), rewards)], {}, {}, {"generate": 1.0, "learn": 0.0}, 1, 0)
    assert step_line(1, 2, found).startswith("step 1/2 | reward - () | kl - clip - |")
    assert step_line(1, 2, found).endswith(" | errors 0, probe (observes) 1 | abstained 2")


def test_a_supervised_step_keeps_the_names_of_stored_runs() -> None:
    assert sft_metrics({"loss": 0.5}, 1e-4, 2.0) == {"tune/loss": 0.5, "tune/learning_rate": 1e-4, "tune/seconds": 2.0}


def test_a_stopwatch_laps() -> None:
    watch = Stopwatch()
    time.sleep(0.01)
    assert watch.lap("first") == watch.seconds["first"] >= 0.01
    watch.lap("second")
    assert watch.seconds["second"] < watch.seconds["first"]
    first = watch.seconds["first"]
    assert watch.lap("first") < first  # of this lap alone, as a tuning step's seconds are
