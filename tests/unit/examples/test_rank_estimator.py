"""The example of an estimator, taken as a config takes it."""

from __future__ import annotations

import pytest

from rewards.plugins.spec import FunctionSpec
from rl.algo.advantages import StepRewards
from rl.algo.estimators import Estimator


def test_only_the_order_counts() -> None:
    estimate = Estimator(FunctionSpec("examples/rank_estimator.py:by_rank"))
    rewards = StepRewards([[0.1, 0.9, 0.2], [5.0, 5.0, None, 1.0], [1.0, None]])
    assert estimate(rewards) == [pytest.approx([-1.0, 1.0, 0.0]), [0.5, 0.5, None, -1.0], [None, None]]
    sharp = Estimator(FunctionSpec("examples/rank_estimator.py:by_rank", {"sharpness": 2.0}))
    assert sharp(rewards)[1] == [0.25, 0.25, None, -1.0]
