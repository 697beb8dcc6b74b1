"""Tuning by row and by clip at equal rows: `python -m benchmarks.clips [--seeds 3] [--share 0.5] [--together 5]`

The quickstart's tuning stages, shortened, from the same small models on the same drawn faces: once with rows drawn one by one,
once with those about a clip together. Held-out accuracy of both on the val split, their difference, and the seconds of tuning.
A seed has a model and an order of the rows of its own; both ways of drawing have as many rows and steps.
Takes about half an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scipy.stats import t as student

from actors.cluster import connect, wait_ready
from actors.environment import hush, worker_environment
from benchmarks.common.tuned_runs import QUICKSTART
from rl.config.load import load_config
from rl.config.schema import Config
from rl.record.console import say, warn
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.tracker import Tracker
from rl.run.begin import run_with
from rl.run.evaluator import validate
from rl.run.preparation import prepare_data, tokenizer_texts
from rl.run.sft import sft_steps, with_steps
from rl.run.state import Run
from rl.run.workers import launch
from rollout.seeds import derived

ROWS = {"rationale": 128, "attribute_open": 256, "attribute_closed": 256, "expression_open": 64, "emotion_single": 64}
"""Val rows that are looked at, by task."""
MEASURES = ("root_accuracy", "leaf_f1", "qa/attribute_open", "qa/attribute_closed", "qa/expression_open", "qa/emotion_single")


@dataclass(frozen=True)
class Tuned:
    """What came of tuning once."""

    by: str
    """`row` or `clip`."""
    seed: int
    rows: int
    """Rows that were learned from."""
    rows_a_clip: float
    """Rows of a step about one clip, mean over the steps."""
    seconds: float
    """Seconds of all steps."""
    measures: dict[str, float]
    """On the val split, in percent."""


def runs(folder: Path, seeds: int, share: float, together: int) -> Iterator[Tuned]:
    """Tune once by row and once by clip for each seed, in turns of which is first; all with the same actors."""
    config = settings(folder, share)
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    with launch(config, RunDirectory.create(config), prepare_data(config)) as workers:
        directory = RunDirectory.create(config)
        config, texts = with_steps(config, workers.splits.train), tokenizer_texts(workers.splits.train)
        run = run_with(config, directory, workers.splits, Tracker(config, directory, warn), workers)
        for seed in range(seeds):
            model = folder / f"model{seed}"
            built = workers.learners.build_tiny(model, texts, config.model.tiny, derived(seed, "tiny model"))
            wait_ready("the small model", [built], config.cluster.start_timeout)
            for by in ("row", "clip") if seed % 2 == 0 else ("clip", "row"):
                say(f"tuning by {by}, seed {seed}")
                workers.learners.restart(model)
                yield tune(run, seed, by, together)


def settings(folder: Path, share: float) -> Config:
    """The quickstart with a share of each stage's steps."""
    stages = load_config(QUICKSTART, []).curriculum.stages
    shortened = [f"curriculum.stages.{name}.steps={max(1, round(share * stage.length))}" for name, stage in stages.items()]
    measured = f"evaluation.val_rows={json.dumps(ROWS)}"
    return load_config(QUICKSTART, [*shortened, measured, f"runs={folder}", "tracking.mlflow=false"])


def tune(run: Run, seed: int, by: str, together: int) -> Tuned:
    """Tune the model that the learners were restarted from, and measure it on the val split."""
    rows, learners = run.splits.train, run.workers.learners
    clips = rows.column("shows")
    steps = list(sft_steps(run.config.curriculum.stages, rows, seed, together=together if by == "clip" else None))
    began = time.perf_counter()
    for step in steps:
        learners.sft([rows[index] for index in step.rows], step.learning_rate)
    seconds = time.perf_counter() - began
    run.sync(new=True)
    _, found = validate(run)
    return Tuned(
        by,
        seed,
        sum(len(step.rows) for step in steps),
        statistics.mean(len(step.rows) / len(set(clips[list(step.rows)].tolist())) for step in steps),
        seconds,
        {name: 100 * found[name] for name in MEASURES},
    )


def summary(found: Sequence[Tuned]) -> dict[str, object]:
    """Means over the seeds by way of drawing, and of the differences at equal seeds, with intervals of 95 %."""
    by_seed = {by: sorted((one for one in found if one.by == by), key=lambda one: one.seed) for by in ("row", "clip")}
    pairs = list(zip(by_seed["clip"], by_seed["row"], strict=True))
    return {
        **{
            by: {
                **{name: interval([one.measures[name] for one in of_seeds]) for name in MEASURES},
                "seconds": interval([one.seconds for one in of_seeds]),
                "rows_a_clip": round(statistics.mean(one.rows_a_clip for one in of_seeds), 2),
            }
            for by, of_seeds in by_seed.items()
        },
        "clip_minus_row": {name: interval([a.measures[name] - b.measures[name] for a, b in pairs]) for name in MEASURES},
        "row_over_clip_seconds": interval([b.seconds / a.seconds for a, b in pairs]),
        "rows": found[0].rows,
        "seeds": len(pairs),
    }


def interval(values: Sequence[float]) -> list[float]:
    """[mean, low, high]: where the mean lies with a probability of 95 %, by Student's t; of one value only the value."""
    mean = statistics.mean(values)
    if len(values) == 1:
        return [round(mean, 2)]
    half = float(student.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return [round(mean, 2), round(mean - half, 2), round(mean + half, 2)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--share", type=float, default=0.5, help="of the quickstart's tuning steps")
    arguments.add_argument("--together", type=int, default=5, help="rows about one clip, at most")
    chosen = arguments.parse_args()
    hush()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for one in runs(Path(folder), chosen.seeds, chosen.share, chosen.together):
            print(json.dumps(asdict(one)), flush=True)
            found.append(one)
    print(json.dumps(summary(found)))


if __name__ == "__main__":
    main()
