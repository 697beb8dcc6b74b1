"""What crediting parts of the tree apart teaches: `python -m benchmarks.credit [--model FOLDER] [--seeds 3]`

GRPO of the quickstart from one tuned model with each kind of credit, and with a reward for nothing but the answer; every
variant has the same prompts, steps and samples for a seed. Counted are steps and samples until the greedy val split reaches
a root accuracy while its leaves are as good as before, and what stands at the end. Takes about 3 minutes for each variant and
seed, and as much again for the tuned model if none is given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from actors.cluster import connect
from rl.config import Config
from rl.config_check import load_config
from rl.console import say, warn
from rl.environment import hush, worker_environment
from rl.preparation import prepare_data
from rl.results import Results
from rl.run_directory import Progress, RunDirectory
from rl.team import Team, launch
from rl.tracking import Tracker
from rl.train import Run, grpo, probe_prompt

QUICKSTART = Path("configs/quickstart.yaml")


@dataclass(frozen=True)
class Variant:
    """One way to reward and credit."""

    name: str
    credit: str = "sequence"
    mix: str = "default"
    kl: float = 0.05
    """The quickstart's, unless set."""


VARIANTS = (
    Variant("sequence"),
    Variant("level", "level"),
    Variant("node", "node"),
    # level and node credit push the root's tokens 7 / 2 times as hard against the KL penalty (docs/learner.md)
    Variant("sequence_less_kl", kl=0.05 * 2 / 7),
    Variant("answer_only", mix="answer"),
)
TARGET = 0.9
"""Root accuracy to reach."""
LEAF_SLACK = 0.002
"""Leaf F1 that may be missing: 2 leaves of the val split's 1,024."""


@dataclass(frozen=True)
class Curve:
    """One run on the val split."""

    steps: list[int]
    root: list[float]
    leaf: list[float]

    def reached(self) -> int | None:
        """The first measured step with the target's root accuracy and no worse leaves; None if there is none."""
        good = (
            s for s, r, f in zip(self.steps, self.root, self.leaf, strict=True) if r >= TARGET and f >= self.leaf[0] - LEAF_SLACK
        )
        return next(good, None)


def settings(model: Path, runs: Path, variant: Variant, steps: int, seed: int = 0) -> Config:
    """The quickstart, from a tuned model on."""
    stages = [f"curriculum.stages.{stage}.steps=0" for stage in ("attribute", "expression", "emotion")]
    return load_config(
        QUICKSTART,
        [
            *stages,
            f"seed={seed}",
            "model.init=checkpoint",
            f"model.path={model}",
            f"runs={runs}",
            f"rewards.mix=configs/rewards/{variant.mix}.yaml",
            f"grpo.credit={variant.credit}",
            f"grpo.kl={variant.kl}",
            f"grpo.steps={steps}",
            "evaluation.every=2",
            "evaluation.keep_best=false",
            "tracking.mlflow=false",
            "checkpoints.every=0",
        ],
    )


def curves(model: Path, runs: Path, variants: Sequence[Variant], steps: int, seeds: int) -> Iterator[tuple[Variant, int, Curve]]:
    """(variant, seed, curve) of every run with variants that can share actors: the same mix and KL weight."""
    config = settings(model, runs, variants[0], steps)
    splits = prepare_data(config)
    with launch(config, RunDirectory.create(config), splits) as team:
        for seed in range(seeds):
            for variant in variants:
                one = settings(model, runs, variant, steps, seed)
                directory = RunDirectory.create(one)
                directory.tuned_model.symlink_to(model.resolve())
                tracker = Tracker(one, directory, warn)
                run = Run(one, directory, splits, tracker, team, Results.open(one, directory, splits, tracker), Progress("grpo"))
                say(f"{variant.name}, seed {seed}")
                yield variant, seed, learn(run, team, model)


def learn(run: Run, team: Team, model: Path) -> Curve:
    team.learners.call("restart", str(model))
    team.sync(0, probe_prompt(run))
    _, before = team.validate(run.splits.val, 0)
    grpo(run)
    measured = [r for r in run.directory.metrics() if "val/root_accuracy" in r["metrics"]]
    return Curve(
        [0, *(record["step"] for record in measured)],
        [before["root_accuracy"], *(record["metrics"]["val/root_accuracy"] for record in measured)],
        [before["leaf_f1"], *(record["metrics"]["val/leaf_f1"] for record in measured)],
    )


def summary(found: list[Curve], samples: int) -> dict[str, object]:
    """Means over the seeds and their standard deviations; steps are of the seeds that reached the target."""
    reached = [step for curve in found if (step := curve.reached()) is not None]
    return {
        "seeds": len(found),
        "reached": len(reached),
        "steps": spread(reached),
        "samples": spread([step * samples for step in reached]),
        "root": spread([100 * curve.root[-1] for curve in found]),
        "leaf": spread([100 * curve.leaf[-1] for curve in found]),
        "leaf_lowest": spread([100 * min(curve.leaf) for curve in found]),
    }


def spread(values: list[float] | list[int]) -> list[float] | None:
    """[mean, standard deviation]; None without values."""
    if not values:
        return None
    return [round(statistics.mean(values), 2), round(statistics.stdev(values), 2) if len(values) > 1 else 0.0]


def tuned_model(runs: Path) -> Path:
    """The quickstart's tuned model, made now."""
    words = [str(QUICKSTART), "grpo.steps=0", f"runs={runs}", "tracking.mlflow=false"]
    subprocess.run([Path(sys.executable).with_name("affectree"), "train", *words], check=True)
    return next(runs.glob("*/tuned_model"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, help="a tuned quickstart model; tuned now if not given")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--steps", type=int, default=24)
    chosen = arguments.parse_args()
    hush()
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        model = chosen.model or tuned_model(runs / "tuned")
        config = settings(model, runs, VARIANTS[0], chosen.steps)
        connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
        found: dict[str, list[Curve]] = {variant.name: [] for variant in VARIANTS}
        for _, together in groupby(VARIANTS, key=lambda variant: (variant.mix, variant.kl)):
            for variant, seed, curve in curves(model, runs, list(together), chosen.steps, chosen.seeds):
                found[variant.name].append(curve)
                print(json.dumps({"variant": variant.name, "seed": seed, **curve.__dict__}), flush=True)
    samples = config.grpo.prompts * config.grpo.group
    by_name = {name: summary(of_seeds, samples) for name, of_seeds in found.items()}
    print(json.dumps({"target_root": 100 * TARGET, "steps": chosen.steps, **by_name}))


if __name__ == "__main__":
    main()
