"""Curriculum tuning: the paper's first stage, attribute -> expression -> emotion (VidEmo, section 3.1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil

from actors.learners.group import LearnerGroup
from rl.config.rates import stage_learning_rate
from rl.config.schema import Config, StageConfig
from rollout.rows.data import RowData
from rollout.rows.mixing import check_mix, mixed_indices, mixed_rows
from rollout.seeds import derived

_UNDER_WAY = 2
"""Steps that learner ranks are asked for at a time."""


@dataclass(frozen=True)
class SftStep:
    """What one supervised step is to do."""

    number: int
    """Number of the step, from 1 over all stages."""
    stage: str
    rows: tuple[int, ...]
    """Indices of the training rows that all ranks together learn from."""
    learning_rate: float


def with_steps(config: Config, rows: RowData) -> Config:
    """The configuration with the steps of every stage, of which the training rows tell how many its epochs are."""
    stages = {name: _in_steps(stage, rows) for name, stage in config.curriculum.stages.items()}
    return replace(config, curriculum=replace(config.curriculum, stages=stages))


def _in_steps(stage: StageConfig, rows: RowData) -> StageConfig:
    if stage.epochs is None:
        return stage
    drawn = stage.epochs * epoch_rows(rows, stage.mix)
    return replace(stage, steps=ceil(round(drawn / stage.batch, 6)))  # rounded: 0.1 x 30 is a little more than 3


def epoch_rows(rows: RowData, mix: Mapping[str, float]) -> float:
    """How many rows are drawn in an epoch: as many as it takes to go once through the heaviest patterns of the mix.

    So a set of rows that is mixed in at a small share makes an epoch no longer than its share does, however large it is. Where
    weights are equal, these are as many rows as the mix has.

    Args:
        rows: the training rows.
        mix: pattern -> weight.

    Raises:
        RowError: for a pattern that no row fits.
    """
    check_mix(rows, mix)
    heaviest = max(mix.values())
    patterns = [pattern for pattern, weight in mix.items() if weight == heaviest]
    once = sum(len(indices) for pattern in patterns for indices in mixed_rows(rows, {pattern: 1.0}).values())
    return once * sum(mix.values()) / (heaviest * len(patterns))


def sft_steps(
    stages: Mapping[str, StageConfig], rows: RowData, seed: int, after: int = 0, together: int | None = None
) -> Iterator[SftStep]:
    """The supervised steps of all stages, in order. The same seed gives the same steps, so that a run can go on anywhere.

    Args:
        stages: name -> settings, in their order, with their steps.
        rows: the training rows.
        seed: sets the order of the rows.
        after: number of steps that are done and left out.
        together: how many rows about one clip are drawn one after the other, at most; None for row by row.
    """
    number = 0
    for place, (name, stage) in enumerate(stages.items()):
        done = min(max(0, after - number), stage.length)
        number += done
        if done == stage.length:
            continue
        draws = mixed_indices(rows, stage.mix, derived(seed, "tuning", place), done * stage.batch, together)
        for step in range(done, stage.length):
            number += 1
            yield SftStep(number, name, tuple(islice(draws, stage.batch)), stage_learning_rate(stage, step + 1))


def done_in_turn(
    steps: Iterable[SftStep], learners: LearnerGroup, rows: RowData, pause_after: Callable[[int], bool]
) -> Iterator[tuple[SftStep, dict[str, float]]]:
    """Supervised steps with their statistics, as they are done. Learner ranks are asked for a step before the one before it is
    handed over, and read a step's rows while they learn from those of the one before.

    Args:
        steps: to be done, in order.
        learners: who does them.
        rows: the training rows.
        pause_after: (number of a step) -> whether nothing may be under way when that step is handed over.
    """
    known = ((step, [rows[index] for index in step.rows]) for step in steps)
    under_way: deque[tuple[SftStep, Callable[[], dict[str, float]]]] = deque()
    coming = next(known, None)
    while coming or under_way:
        while coming and (not under_way or (len(under_way) < _UNDER_WAY and not pause_after(under_way[-1][0].number))):
            (step, now), coming = coming, next(known, None)
            under_way.append((step, learners.begin_sft(now, step.learning_rate, coming[1] if coming else ())))
        step, stats = under_way.popleft()
        yield step, stats()
