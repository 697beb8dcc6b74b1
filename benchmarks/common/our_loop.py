"""Steps of affectree by its ordinary loop, in a process of its own: `python -m benchmarks.common.our_loop FOLDER`

The folder holds config.yaml; what is measured goes into steps.json beside it. Nothing before the first step counts, and nothing
after the last one is done: no evaluation, no model written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from benchmarks.common.drawn_clips import Row, write_rows
from benchmarks.common.peers import LEARNING_RATE, THREADS
from benchmarks.common.timing import Timed, warm
from rl.config.load import load_config

REWARD = "def reward(sample):\n    return len(sample.completion) % 7 / 7\n"


@dataclass(frozen=True)
class Steps:
    """What the loop did."""

    ends: list[float]
    """When each step ended."""
    metrics: list[dict[str, float]]
    """Of each step."""

    def timed(self, tokens: str) -> Timed:
        """The steps after the warm-up; `tokens` names the metric that counts their tokens."""
        return warm(self.ends, [metrics[tokens] for metrics in self.metrics])


def configuration(folder: Path, rows: Sequence[Row], model: Path, phase: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run on these rows.

    Args:
        folder: for the rows, the reward and the run.
        rows: training rows; the first ones are held out as well, since a run has to have some.
        model: the checkpoint that it begins with.
        phase: sections of the phase that is measured, and whatever else differs from the defaults.
    """
    folder = folder.absolute()
    train, held = write_rows(folder / "train.jsonl", rows), write_rows(folder / "held.jsonl", rows[:8])
    (folder / "reward.py").write_text(REWARD)
    tasks = sorted({row["task"] for row in rows})
    base: dict[str, Any] = {
        "name": "benchmark",
        "runs": str(folder / "runs"),
        "data": {"train": str(train), "val": str(held), "test": str(held)},
        "model": {"path": str(model.absolute())},
        "grpo": {"steps": 0, "mix": {"*": 1}},
        "rewards": {"scorers": {"reward": {"spec": f"{folder / 'reward.py'}:reward", "isolation": "inline"}}},
        "learner": {"threads": THREADS},
        "rollout": {"threads": THREADS, "max_model_len": 2048},
        "evaluation": {"rows": {tasks[0]: 1}, "max_tokens": {"*": 8}},
        "tracking": {"mlflow": False},
        "cluster": {"address": "local"},
    }
    for section, settings in phase.items():
        base[section] = {**base.get(section, {}), **settings}
    return base


def tuning(batch: int, steps: int) -> dict[str, Any]:
    """The section of a stage of tuning that goes through the rows once, at a constant rate."""
    rates = {"learning_rate": LEARNING_RATE, "final_learning_rate": LEARNING_RATE, "warmup": 0.0}
    return {"curriculum": {"stages": {"stage": {"steps": steps, "batch": batch, "mix": {"*": 1}, **rates}}}}


def order(config: Mapping[str, Any], folder: Path, steps: int) -> list[int]:
    """Places in the training rows that the loop will learn from in its first steps, in order."""
    from rl.run.preparation import prepare_data
    from rl.run.sft import sft_steps, with_steps

    loaded = load_config(_written(config, folder), [])
    rows = prepare_data(loaded).train
    stages, together = with_steps(loaded, rows).curriculum.stages, loaded.batch.rows_together
    drawn = islice(sft_steps(stages, rows, loaded.seed, together=together), steps)
    return [int(rows.places[index]) for step in drawn for index in step.rows]


def by_affectree(config: Mapping[str, Any], folder: Path) -> Steps:
    """Run the loop for the steps that a config asks for."""
    _written(config, folder)
    words = [sys.executable, "-m", "benchmarks.common.our_loop", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"affectree failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return Steps(**json.loads((folder / "steps.json").read_text()))


def _written(config: Mapping[str, Any], folder: Path) -> Path:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(dict(config)))
    return file


class _Done(Exception):
    """All steps have been measured."""


def main(folder: Path) -> None:
    """Tuning if the config has stages, else GRPO; writes steps.json."""
    from actors.cluster import connect
    from actors.environment import hush, worker_environment
    from rl.record.console import warn
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.progress import Progress
    from rl.record.tracking.tracker import Tracker
    from rl.run.begin import begin
    from rl.run.preparation import prepare_data
    from rl.train import grpo, sft

    hush()
    config = load_config(folder / "config.yaml", [])
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    directory, splits = RunDirectory.create(config), prepare_data(config)
    total = sum(stage.length for stage in config.curriculum.stages.values()) or config.grpo.steps
    found = Steps([], [])

    class Clock(Tracker):
        """Told of each step when it has been written down."""

        def log(self, line: Mapping[str, Any], flush: bool = True) -> None:
            found.ends.append(time.perf_counter())
            found.metrics.append(dict(line["metrics"]))
            if len(found.ends) == total:
                raise _Done

    with suppress(_Done), begin(config, directory, splits) as run:
        run.tracker = Clock(config, directory, warn)
        run.sync()
        if config.curriculum.stages:
            sft(run)
        else:
            run.progress = Progress("grpo")
            grpo(run)
    (folder / "steps.json").write_text(json.dumps(found.__dict__))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
