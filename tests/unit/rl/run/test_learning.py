"""A step's groups become mini-batches."""

from __future__ import annotations

import pytest

from rewards.sample import Reward
from rl.learner.balance import tokens
from rl.run.learning import mini_batches
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, prompt, scored, scored_group


def training_group(key: int, advantages: tuple[float | None, ...]) -> TrainingGroup:
    """A group whose prompt is one token, its key."""
    rewards = [Reward(a, abstained=a is None) for a in advantages]
    drawn = scored(group([""] * len(advantages), prompt(str(key), ids=[key])), rewards)
    return TrainingGroup(**vars(drawn), advantages=advantages, credit=(TokenCredit(),) * len(advantages))


def test_a_step_is_cut_into_mini_batches_in_order() -> None:
    groups = [training_group(key, (0.5, None, -0.5)) for key in range(4)]
    batches = mini_batches(groups, updates=2, ranks=1)
    assert [[int(one.prompt.ids[0]) for one in batch] for batch in batches] == [[0, 1], [2, 3]]
    assert [one.advantages for batch in batches for one in batch] == [(0.5, -0.5)] * 4


def test_groups_of_the_same_prompt_share_it_and_whatever_replies_begin_with() -> None:
    (both,) = mini_batches([training_group(7, (1.0, -1.0)), training_group(7, (0.5, -0.5))], updates=1, ranks=1)
    assert [one.advantages for one in both] == [(1.0, -1.0), (0.5, -0.5)]
    assert tokens(both) == tokens(both[:1]) == tokens(both[1:])  # they are alike


def test_an_update_that_leaves_a_rank_nothing_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    groups = [training_group(0, (None, 1.0)), training_group(1, (1.0, -1.0))]
    assert len(mini_batches(groups, updates=2, ranks=2)) == 1
    said = "1 of 2 optimizer steps are left out, for lack of samples that can be learned from (1 of 4 samples: 1 that no scorer"
    assert said in capsys.readouterr().out


def test_a_step_that_teaches_nothing_has_no_mini_batch_and_why_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rewards = [
        Reward(None, abstained=True),
        Reward(None, abstained=True),
        Reward(None, errors={"mine": "no"}),
        Reward(None),
        Reward(1.0),
        Reward(0.0),
    ]
    groups = [scored(group([""] * 6, truncated=[False] * 4 + [True, True]), rewards), scored_group([1.0])]
    whole = [TrainingGroup(**vars(g), advantages=(n := len(g.samples)) * (None,), credit=n * (TokenCredit(),)) for g in groups]
    assert mini_batches(whole, updates=1, ranks=1) == []
    assert (
        "warning: 1 of 1 optimizer steps are left out, for lack of samples that can be learned from (7 of 7 samples: 2 that no "
        "scorer applies to, 2 cut off, 1 that a scorer failed on, 1 drawn by weights that are too old, 1 with nothing to compare "
        "with in their group)"
    ) in capsys.readouterr().out
