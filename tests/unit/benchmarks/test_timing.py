"""What is told about steps that were timed."""

import pytest

from benchmarks.common.timing import WARM_UP, Timed, noise, warm


def test_steps_of_the_warm_up_do_not_count_and_a_step_begins_where_the_last_one_ended() -> None:
    ends = [10.0, 19.0, 27.0, 28.0, 30.0]
    timed = warm(ends, [1, 2, 3, 4, 5])
    assert WARM_UP == 3
    assert timed == Timed([1.0, 2.0], [4, 5])


def test_the_median_step_counts_by_its_own_tokens() -> None:
    timed = Timed([1.0, 2.0, 9.0], [10, 10, 90])
    assert timed.per_step() == 2.0
    assert timed.per_token() == pytest.approx(0.1)


def test_noise_is_half_the_range_relative_to_the_median() -> None:
    assert noise([3.0, 4.0, 5.0]) == 0.25
