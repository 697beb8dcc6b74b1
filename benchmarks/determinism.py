"""What two runs that are alike cost: `python -m benchmarks.determinism [--rounds 8]`

Two runs of the quickstart's GRPO, one with `determinism` and one without, are held ready in one process and take turns, a step
each, from the same random weights and with the same prompts. Their texts are as long as they may be, but for a few that end
early, so what counts is seconds per sampled token. The environment variables of `determinism` are set for both. The first two
steps of each do not count. Takes about 5 minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress
from rl.run.begin import begin
from rl.run.joining import join
from rl.run.preparation import prepare_data
from rl.run.state import Run
from rl.train import grpo

QUICKSTART = Path("configs/quickstart.yaml")
WARM_UP = 2
SETTINGS = (
    "curriculum.stages.attribute.steps=0",
    "curriculum.stages.expression.steps=0",
    "curriculum.stages.emotion.steps=0",
    "grpo.kl=0",
    "grpo.max_tokens=96",
    "evaluation.every=0",
    "checkpoints.every=0",
    "tracking.mlflow=false",
    "cluster.address=local",
)
VARIANTS = {"without": "determinism=false", "with": "determinism=true"}


def step(run: Run, number: int) -> dict[str, float]:
    """Do a GRPO step; returns its metrics."""
    run.config.grpo.steps = number
    grpo(run)
    metrics: dict[str, float] = run.directory.metrics.read()[-1]["metrics"]
    return metrics


def taking_turns(rounds: int, folder: Path) -> dict[str, list[dict[str, float]]]:
    """Metrics of each variant's steps that count."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    with ExitStack() as started:
        runs = {}
        for name, setting in VARIANTS.items():
            steps = f"grpo.steps={WARM_UP + rounds}"
            config = load_config(QUICKSTART, [*SETTINGS, steps, setting, f"name={name}", f"runs={folder}"])
            directory = RunDirectory.create(config)
            join(load_config(QUICKSTART, [*SETTINGS, VARIANTS["with"]]), directory.logs)
            runs[name] = started.enter_context(begin(config, directory, prepare_data(config)))
            runs[name].progress = Progress("grpo")
            runs[name].sync()
        for number in range(1, WARM_UP + rounds + 1):
            for name in sorted(runs, reverse=bool(number % 2)):
                metrics = step(runs[name], number)
                if number > WARM_UP:
                    found[name].append(metrics)
                    print(json.dumps({"variant": name, "step": number, "seconds": round(metrics["seconds/step"], 3)}), flush=True)
    return found


def per_token(metrics: dict[str, float], phase: str) -> float:
    """Seconds of a phase of a step for each sampled token."""
    return metrics[f"seconds/{phase}"] / metrics["rollout/tokens"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=8)
    with tempfile.TemporaryDirectory() as folder:
        found = taking_turns(arguments.parse_args().rounds, Path(folder))
    pairs = list(zip(found["with"], found["without"], strict=True))
    ratios = {phase: [per_token(a, phase) / per_token(b, phase) for a, b in pairs] for phase in ("step", "generate", "learn")}
    steps = ratios["step"]
    print(
        json.dumps(
            {
                "price": round(statistics.median(steps), 3),
                "noise": round((max(steps) - min(steps)) / 2 / statistics.median(steps), 3),
                **{f"price_{phase}": round(statistics.median(of), 3) for phase, of in ratios.items() if phase != "step"},
                **{f"seconds_{name}": [round(m["seconds/step"], 3) for m in of] for name, of in found.items()},
                **{f"tokens_{name}": [int(m["rollout/tokens"]) for m in of] for name, of in found.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
