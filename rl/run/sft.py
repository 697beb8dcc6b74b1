"""Curriculum tuning: the paper's first stage, attribute -> expression -> emotion (VidEmo, section 3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil

from rl.config.rates import stage_learning_rate
from rl.config.schema import Config, StageConfig
from rollout.rows.data import RowData
from rollout.rows.mixing import check_mix, mixed_indices, mixed_rows
from rollout.seeds import derived


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


def sft_steps(stages: Mapping[str, StageConfig], rows: RowData, seed: int, after: int = 0) -> Iterator[SftStep]:
    """The supervised steps of all stages, in order. The same seed gives the same steps, so that a run can go on anywhere.

    Args:
        stages: name -> settings, in their order, with their steps.
        rows: the training rows.
        seed: sets the order of the rows.
        after: number of steps that are done and left out.
    """
    number = 0
    for place, (name, stage) in enumerate(stages.items()):
        done = min(max(0, after - number), stage.length)
        number += done
        if done == stage.length:
            continue
        draws = mixed_indices(rows, stage.mix, derived(seed, "tuning", place), done * stage.batch)
        for step in range(done, stage.length):
            number += 1
            yield SftStep(number, name, tuple(islice(draws, stage.batch)), stage_learning_rate(stage, step + 1))
