"""Learning rates, as the settings say them."""

from __future__ import annotations

from rl.config.rates import learning_rate
from rl.config.schema import GrpoConfig


def test_the_rate_of_the_first_step_is_the_highest_without_warmup() -> None:
    config = GrpoConfig(steps=10, learning_rate=1.0, final_learning_rate=0.1, warmup=0.0)
    rates = [learning_rate(config, step) for step in range(1, 11)]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
