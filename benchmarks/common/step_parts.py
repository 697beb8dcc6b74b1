"""GRPO and supervised steps by part, and the learner's operators from a profile taken in its process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.common.operators import Operator, operators
from rl.record.metrics import step_metrics
from rl.record.runs.progress import Progress
from rl.record.time_left import phase
from rl.run.learning import advantage, learn
from rl.run.sft import sft_steps
from rl.run.state import Run
from rl.run.steps import ask, roll_out

RATE = 1e-5
"""The learning rate; what is learned does not matter here."""


@dataclass(frozen=True)
class Learned:
    """A learner's step, profiled."""

    seconds: float
    """Without the profiler, which slows it."""
    flops: float
    """Of its matrix products."""
    operators: list[Operator]


@dataclass(frozen=True)
class Steps:
    """Steps of one kind."""

    parts: dict[str, float]
    """Seconds of the median step's parts."""
    learner: Learned


def begin_profile(learner: Any) -> None:
    """In the learner's process."""
    import torch

    learner.profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], with_flops=True)
    learner.profiler.__enter__()


def end_profile(learner: Any) -> tuple[float, list[Operator]]:
    """In the learner's process: (FLOPs of matrix products, operators)."""
    learner.profiler.__exit__(None, None, None)
    return float(sum(one.flops for one in learner.profiler.key_averages())), operators(learner.profiler)


def profiled(run: Run, seconds: float, step: Callable[[], object]) -> Learned:
    """What the learner does in a step; `seconds` is what it takes without the profiler."""
    run.learners.run(begin_profile, timeout=60.0)
    step()
    (flops, found), *_ = run.learners.run(end_profile, timeout=60.0)
    return Learned(seconds, flops, found)


def grpo_steps(run: Run, steps: int) -> Steps:
    """GRPO steps as the loop does them, one that does not count before them."""
    run.progress = Progress("grpo", 0, run.progress.version)
    prepared = ask(run)
    found: list[dict[str, float]] = []
    with phase("GRPO", steps + 1, lines=False) as shown:
        for step in range(1, steps + 2):
            laps = Laps()
            prompts = prepared(step)
            laps.end("prepare")
            scored = roll_out(run, prompts)
            laps.end("generate and score")
            groups = advantage(run, scored)
            laps.end("advantages")
            updated = learn(run, groups, RATE)
            laps.end("learn")
            version, synced = run.progress.version, run.sync(new=True)
            laps.end("sync")
            run.progress = Progress("grpo", step, run.progress.version)
            times = {"learn": laps.seconds["learn"]}
            run.record(groups, version, step_metrics(groups, updated, synced.metrics(), times, version, 0), shown)
            laps.end("record")
            learned = laps.move("learn", "learn: rank's own", updated["seconds"])
            laps.move("sync", "sync: write and load", synced.report.seconds)
            laps.seconds["learn: driver and Ray"], laps.seconds["sync: check"] = learned, laps.seconds.pop("sync")
            laps.seconds.pop("learn")
            found.append(laps.seconds)
    parts = medians(found[1:])
    return Steps(parts, profiled(run, parts["learn: rank's own"], lambda: learn(run, groups, RATE)))


def tuning_steps(run: Run, steps: int) -> Steps:
    """Supervised steps of the last stage, two that do not count before them."""
    stages = dict([list(run.config.curriculum.stages.items())[-1]])
    draws = sft_steps(stages, run.splits.train, 0)
    found = []
    for _ in range(steps + 2):
        laps, step = Laps(), next(draws)
        rows = [run.splits.train[index] for index in step.rows]
        laps.end("draw rows")
        run.learners.sft(rows, RATE)
        laps.end("learn")
        found.append(laps.seconds)
    parts = medians(found[2:])
    return Steps(parts, profiled(run, parts["learn"], lambda: run.learners.sft(rows, RATE)))


class Laps:
    """Seconds by part of one step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, part: str) -> None:
        """A part has ended."""
        now = time.perf_counter()
        self.seconds[part], self._last = now - self._last, now

    def move(self, part: str, of_it: str, seconds: float) -> float:
        """Count seconds of a part apart; returns what is left of it."""
        self.seconds[of_it] = seconds
        self.seconds[part] -= seconds
        return self.seconds[part]


def medians(steps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each part."""
    return {part: statistics.median(step[part] for step in steps) for part in steps[0]}
