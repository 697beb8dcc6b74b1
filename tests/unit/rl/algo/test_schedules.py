"""Learning rates by step."""

import pytest

from rl.algo.schedules import cosine, restarting_cosine, segment, with_length


def test_cosine_rises_and_falls() -> None:
    rates = [cosine(step, 100, 1.0, 0.1, warmup=0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_end_is_where_the_cosine_arrives_behind_the_last_step() -> None:
    rates = [cosine(step, 200, 2e-5, 0.0, warmup=0.03) for step in range(200)]
    assert 0 < rates[-1] < 1e-8
    assert cosine(200, 200, 2e-5, 0.0, warmup=0.03) == 0.0
    assert cosine(200, 200, 2e-5, None, warmup=0.03) == pytest.approx(2e-6)


def rates(steps: int, restarts: list[int]) -> list[float]:
    return [restarting_cosine(step, steps, restarts, 1.0, 0.1, warmup=0.1) for step in range(steps)]


def test_every_segment_has_a_cosine_of_its_own() -> None:
    assert rates(100, []) == [cosine(step, 100, 1.0, 0.1, 0.1) for step in range(100)]
    assert rates(100, [30, 50]) == rates(30, []) + rates(20, []) + rates(50, [])
    assert segment(49, 100, [30, 50]) == range(30, 50)
    assert segment(50, 100, [30, 50]) == range(50, 100)


@pytest.mark.parametrize("done", [1, 17, 30])
def test_steps_that_were_to_be_done_keep_their_rates_wherever_a_run_is_prolonged(done: int) -> None:
    once = with_length([], 30, 60, done, restart=True)
    assert rates(60, once) == rates(30, []) * 2
    twice = with_length(once, 60, 70, done + 30, restart=True)
    assert rates(70, twice) == rates(60, once) + rates(10, [])


def test_a_stretched_cosine_reaches_to_the_new_end() -> None:
    assert rates(60, with_length([], 30, 60, 17, restart=False)) == rates(60, [])
    assert rates(90, with_length([30], 60, 90, 45, restart=False)) == rates(30, []) + rates(60, [])


def test_a_shortened_run_ends_its_last_segment_earlier() -> None:
    for restart in (True, False):
        assert with_length([30], 60, 40, 35, restart) == [30]
        assert with_length([30], 60, 30, 20, restart) == []
        assert with_length([30], 60, 25, 20, restart) == []


def test_before_the_first_step_a_length_is_just_a_length() -> None:
    assert with_length([], 30, 60, 0, restart=True) == []
    assert with_length([], 0, 60, 0, restart=True) == []
