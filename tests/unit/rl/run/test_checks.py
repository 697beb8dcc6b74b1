"""When a run is stopped, or told of, for what a step looks like."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rewards.sample import Reward
from rl.config.load import load_config
from rl.run.checks import NotFinite, TooManyScorerErrors, alarm, check_errors, check_finite
from rollout.samples import ScoredGroup
from tests.unit.stations import group, scored


def failing(count: int, of: int) -> ScoredGroup:
    rewards = [Reward(None, errors={"mine": "ValueError: no"}) for _ in range(count)]
    return scored(group([""] * of), [*rewards, *[Reward(1.0)] * (of - count)])


def test_a_share_of_failures_is_borne_and_more_name_the_scorer() -> None:
    check_errors([failing(1, 4)], most=0.25)
    with pytest.raises(TooManyScorerErrors, match=r"scorer 'mine' failed on 2 of 4 samples.*the first failure: ValueError: no"):
        check_errors([failing(2, 4)], most=0.25)


def test_observers_stop_no_run_nor_does_abstaining() -> None:
    """A scorer of weight 0 that raises on every sample, and one that abstains on every sample."""
    check_errors([scored(group(["", ""]), [Reward(1.0, observer_errors={"probe": "down"})] * 2)], most=0.0)
    check_errors([scored(group(["", ""]), [Reward(None, abstained=True)] * 2)], most=0.0)


@pytest.mark.parametrize(
    ("updated", "found"),
    [
        ({"loss": math.nan, "gradient_norm": 1.0}, "loss nan"),
        ({"loss": 0.1, "gradient_norm": math.inf}, "gradient_norm inf"),
        ({"loss": math.nan, "gradient_norm": math.nan}, "loss nan and gradient_norm nan"),
    ],
)
def test_an_update_that_is_no_number_ends_the_run(updated: dict[str, float], found: str) -> None:
    with pytest.raises(NotFinite, match=f"^GRPO step 3: the update gave {found}, and the weights are lost"):
        check_finite(updated, "GRPO step 3")


def test_an_update_that_is_sound_or_left_out_does_not() -> None:
    check_finite({"loss": -0.1, "gradient_norm": 2.0}, "GRPO step 3")
    check_finite({}, "GRPO step 3")  # a step of which nothing could be learned


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ([], True),
        (["rollout.max_logprob_diff=null"], False),
        (["grpo.top_k=5", "grpo.correction=truncate"], False),
        (["grpo.staleness=1", "grpo.correction=truncate"], False),
    ],
)
def test_differences_are_told_where_there_should_be_none(
    settings: list[str], told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_config(Path("configs/quickstart.yaml"), settings)
    alarm(config, {"logprob_diff_max": 0.5})
    assert ("differ by 5.00e-01" in capsys.readouterr().out) == told
    alarm(config, {"logprob_diff_max": 1e-6})
    alarm(config, {})  # a step of which nothing could be learned
    assert capsys.readouterr().out == ""
