"""The pure parts of a GRPO step."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from rewards.sample import Reward
from rl.config.schema import GrpoConfig
from rl.run.checks import TooManyScorerErrors
from rl.run.steps import learning_rate, mini_batches, prompt_batches
from rollout.rows import open_rows
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, prompt, scored


def training_group(key: int, advantages: tuple[float | None, ...]) -> TrainingGroup:
    """A group whose prompt is one token, its key."""
    drawn = scored(group([""] * len(advantages), prompt(str(key), ids=[key])), [Reward(a) for a in advantages])
    return TrainingGroup(**vars(drawn), advantages=advantages, credit=(TokenCredit(),) * len(advantages))


def test_a_step_is_cut_into_mini_batches_in_order() -> None:
    groups = [training_group(key, (0.5, None, -0.5)) for key in range(4)]
    batches = mini_batches(groups, updates=2, ranks=1)
    assert [[int(one.prompt.ids[0]) for one in batch] for batch in batches] == [[0, 1], [2, 3]]
    assert [one.advantages for batch in batches for one in batch] == [(0.5, -0.5)] * 4


def test_groups_of_the_same_prompt_are_learned_from_as_one() -> None:
    ((one,),) = mini_batches([training_group(7, (1.0, -1.0)), training_group(7, (0.5, -0.5))], updates=1, ranks=1)
    assert one.advantages == (1.0, -1.0, 0.5, -0.5)


def test_an_update_that_leaves_a_rank_nothing_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    groups = [training_group(0, (None, 1.0)), training_group(1, (1.0, -1.0))]
    assert len(mini_batches(groups, updates=2, ranks=2)) == 1
    assert "1 of 2 optimizer steps are left out" in capsys.readouterr().out
    with pytest.raises(TooManyScorerErrors, match="not one of 2 optimizer steps has a scored sample for each of 3"):
        mini_batches(groups, updates=2, ranks=3)


def test_a_resumed_run_asks_what_it_would_have_asked(faces: Path) -> None:
    rows, config = open_rows(faces / "train.jsonl"), GrpoConfig(prompts=3, mix={"rationale": 1.0})
    whole = list(islice(prompt_batches(rows, config, seed=1, done=0), 6))
    assert list(islice(prompt_batches(rows, config, seed=1, done=4), 2)) == whole[4:]
    assert {rows[index].task for batch in whole for index in batch} == {"rationale"}


def test_the_rate_of_the_first_step_is_the_highest_without_warmup() -> None:
    config = GrpoConfig(steps=10, learning_rate=1.0, final_learning_rate=0.1, warmup=0.0)
    rates = [learning_rate(config, step) for step in range(1, 11)]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
