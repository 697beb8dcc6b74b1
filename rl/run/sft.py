"""Curriculum tuning: the paper's first stage, attribute -> expression -> emotion (VidEmo, section 3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from rl.algo.schedules import cosine
from rl.config.schema import StageConfig
from rollout.mixing import mixed_indices
from rollout.rows import RowData


@dataclass(frozen=True)
class SftStep:
    """What one supervised step is to do."""

    number: int
    """Number of the step, from 1 over all stages."""
    stage: str
    rows: tuple[int, ...]
    """Indices of the training rows that all ranks together learn from."""
    learning_rate: float


def sft_steps(stages: Mapping[str, StageConfig], rows: RowData, seed: int, after: int = 0) -> Iterator[SftStep]:
    """The supervised steps of all stages, in order. The same seed gives the same steps, so that a run can go on anywhere.

    Args:
        stages: name -> settings, in their order.
        rows: the training rows.
        seed: sets the order of the rows.
        after: number of steps that are done and left out.
    """
    number = 0
    for place, (name, stage) in enumerate(stages.items()):
        draws = mixed_indices(rows, stage.mix, seed * 1000 + place)
        for step in range(stage.steps):
            number += 1
            chosen = tuple(islice(draws, stage.batch))
            if number > after:
                rate = cosine(step, stage.steps, stage.learning_rate, stage.final_learning_rate, stage.warmup)
                yield SftStep(number, name, chosen, rate)
