"""Which groups and samples are learned from."""

from __future__ import annotations

import pytest

from rewards.sample import Reward
from rl.algo.filters import replace_equal, teaches_nothing, without_stale
from rollout.samples import ScoredGroup
from tests.unit.stations import group, scored, scored_group

FAILED, ABSTAINED = Reward(None, errors={"a": "x"}), Reward(None, abstained=True)
OBSERVED = Reward(0.7, observer_errors={"probe": "x"})


@pytest.mark.parametrize(
    ("rewards", "nothing"),
    [
        ([Reward(0.7), Reward(0.7)], True),
        ([Reward(0.7), Reward(0.6)], False),
        ([Reward(0.7), FAILED, Reward(0.7)], False),  # failures stay to be counted
        ([Reward(0.7, errors={"a": "x"}), Reward(0.7)], False),  # also where a number was used instead
        ([OBSERVED, OBSERVED], True),
        ([Reward(0.7), ABSTAINED, Reward(0.7)], True),
        ([Reward(0.7), ABSTAINED, Reward(0.6)], False),
        ([ABSTAINED, ABSTAINED], True),
    ],
)
def test_groups_whose_rewards_are_equal_teach_nothing(rewards: list[Reward], nothing: bool) -> None:
    assert teaches_nothing(scored(group([""] * len(rewards)), rewards)) == nothing


def test_a_group_that_was_cut_off_whole_teaches_nothing_where_that_is_masked() -> None:
    rewards = [Reward(1.0), Reward(0.0)]
    whole, half = (scored(group(["", ""], truncated=cut), rewards) for cut in ((True, True), (True, False)))
    assert not teaches_nothing(whole)
    assert teaches_nothing(whole, mask_truncated=True)
    assert not teaches_nothing(half, mask_truncated=True)
    assert replace_equal([whole, half], 1, lambda count, again: [half] * count, mask_truncated=True) == [half, half]


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
