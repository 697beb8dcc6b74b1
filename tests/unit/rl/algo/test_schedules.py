"""Learning rates by step."""

import pytest

from rl.algo.schedules import cosine


def test_cosine_rises_and_falls() -> None:
    rates = [cosine(step, 100, 1.0, 0.1, warmup=0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)
