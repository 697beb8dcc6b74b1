"""Which groups and samples are learned from."""

from __future__ import annotations

from rl.algo.filters import all_equal, replace_equal, without_stale
from rollout.samples import ScoredGroup
from tests.unit.stations import scored_group


def test_only_groups_that_were_scored_alike_teach_nothing() -> None:
    assert all_equal([0.7, 0.7])
    assert not all_equal([0.7, 0.6])
    assert not all_equal([0.7, None, 0.7])  # failures stay to be counted


def test_groups_without_variance_make_room() -> None:
    equal, other = scored_group(rewards=[1.0, 1.0]), scored_group(rewards=[0.0, 1.0])
    asked = []

    def more(count: int, again: int) -> list[ScoredGroup]:
        asked.append((count, again))
        return [other if again == 2 else equal] * count

    assert replace_equal([equal, other, equal], 0, more) == [equal, other, equal]
    assert replace_equal([equal, other, equal], 3, more) == [other, other, other]
    assert asked == [(2, 1), (2, 2)]


def test_samples_that_too_old_weights_drew_a_part_of_are_not_learned_from() -> None:
    drawn = scored_group(rewards=[1.0, 0.5, 0.0], versions=[(7,), (6, 7), (5, 7)])
    (kept,) = without_stale([drawn], version=7, most=1)
    assert [reward.value for reward in kept.rewards] == [1.0, 0.5, None]
