"""GRPO of the quickstart from one tuned model, in several variants and seeds: what the benchmarks of learning share."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from actors.cluster import connect
from actors.environment import worker_environment
from rl.config.load import load_config
from rl.config.schema import Config
from rl.record.console import say, warn
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress
from rl.record.tracking.tracker import Tracker
from rl.run.begin import run_with
from rl.run.evaluator import validate
from rl.run.preparation import prepare_data
from rl.run.state import Run
from rl.run.workers import launch
from rl.train import grpo

QUICKSTART = Path("configs/quickstart.yaml")


@dataclass(frozen=True)
class Variant:
    """The quickstart with some other settings."""

    name: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curve:
    """One run on the val split, at the steps that were measured; the first is the tuned model."""

    steps: list[int]
    root: list[float]
    leaf: list[float]
    tokens: list[float]
    """Tokens drawn up to each of these steps."""
    seconds: float
    """Seconds of all steps, without those of measuring."""
    idle_share: float
    """Share of the time in which the engines had nothing to do, mean over the steps."""


def settings(model: Path, runs: Path, variant: Variant, steps: int, seed: int = 0) -> Config:
    """The quickstart's configuration, from a tuned model on."""
    stages = [f"curriculum.stages.{stage}.steps=0" for stage in ("attribute", "expression", "emotion")]
    words = [
        *stages,
        f"seed={seed}",
        "model.init=checkpoint",
        f"model.path={model}",
        f"runs={runs}",
        f"grpo.steps={steps}",
        "evaluation.every=2",
        "evaluation.keep_best=false",
        "tracking.mlflow=false",
        "checkpoints.every=0",
    ]
    by_key = {word.partition("=")[0]: word for word in (*words, *variant.settings)}
    return load_config(QUICKSTART, list(by_key.values()))


def curves(model: Path, runs: Path, variants: Sequence[Variant], steps: int, seeds: int) -> Iterator[tuple[Variant, int, Curve]]:
    """Runs of variants that can share actors, since they differ in neither mix nor objective: (variant, seed, curve) of each."""
    config = settings(model, runs, variants[0], steps)
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    splits = prepare_data(config)
    with launch(config, RunDirectory.create(config), splits) as workers:
        for seed in range(seeds):
            for variant in variants:
                one = settings(model, runs, variant, steps, seed)
                directory = RunDirectory.create(one)
                directory.tuned_model.symlink_to(model.resolve())
                run = run_with(one, directory, splits, Tracker(one, directory, warn), workers)
                run.progress = Progress("grpo")
                say(f"{variant.name}, seed {seed}")
                yield variant, seed, learn(run, model)


def curves_by_variant(
    model: Path, runs: Path, together: Iterable[Sequence[Variant]], steps: int, seeds: int
) -> dict[str, list[Curve]]:
    """Name of each variant -> a curve for each seed. Prints each as a line of JSON when its run has ended.

    Args:
        model: the tuned model.
        runs: folder for the runs.
        together: variants that can share actors, set by set.
        steps: GRPO steps of each run.
        seeds: runs of each variant.
    """
    found: dict[str, list[Curve]] = {}
    for variants in together:
        for variant, seed, curve in curves(model, runs, variants, steps, seeds):
            found.setdefault(variant.name, []).append(curve)
            print(json.dumps({"variant": variant.name, "seed": seed, **curve.__dict__}), flush=True)
    return found


def learn(run: Run, model: Path) -> Curve:
    """GRPO from a tuned model, measured before it and as often as the config says."""
    run.workers.learners.restart(model)
    run.sync()
    _, before = validate(run)
    began = time.perf_counter()
    grpo(run)
    seconds = time.perf_counter() - began
    metrics = [record["metrics"] for record in run.directory.metrics.read() if record["phase"] == "grpo"]
    drawn = list(accumulate(m["rollout/tokens"] for m in metrics))
    measured = [step for step, m in enumerate(metrics, start=1) if "val/root_accuracy" in m]
    return Curve(
        [0, *measured],
        [before["root_accuracy"], *(metrics[step - 1]["val/root_accuracy"] for step in measured)],
        [before["leaf_f1"], *(metrics[step - 1]["val/leaf_f1"] for step in measured)],
        [0.0, *(drawn[step - 1] for step in measured)],
        seconds - run.results.summary["seconds"].get("validate", 0.0),
        statistics.mean(m["rollout/idle_share"] for m in metrics),
    )


def spread(values: Sequence[float]) -> list[float] | None:
    """[mean, standard deviation]; None without values."""
    if not values:
        return None
    return [round(statistics.mean(values), 2), round(statistics.stdev(values), 2) if len(values) > 1 else 0.0]


def tuned_model(runs: Path) -> Path:
    """Make the quickstart's tuned model; returns its folder."""
    words = [str(QUICKSTART), "grpo.steps=0", f"runs={runs}", "tracking.mlflow=false"]
    subprocess.run([Path(sys.executable).with_name("affectree"), "train", *words], check=True)
    return next(runs.glob("*/tuned_model"))
