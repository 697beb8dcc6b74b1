"""A whole GRPO step, here and in TRL: `python -m benchmarks.step`

Both train the same saved tiny model on the same prompts with the same group size, longest completion and thread count, one
update a rollout, no KL and a reward that costs nothing; TRL generates with transformers, as it has to on CPUs. The trainers
take turns, each in processes of its own; what counts is the ratio of seconds per sampled token, of the median step of each
round, wall clock from the end of a step to the end of the next, since a completion may end early. TRL runs with the number of
micro-batches that it is fastest with, affectree with compiled engines; no start-up counts. TRL needs `make bench` once, which
makes its environment.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from rl.config.schema import TinySpec

PEER_PYTHON = Path(".venv-trl/bin/python")
PEER = Path(__file__).with_name("peers") / "trl_step.py"
PROMPTS, GROUP, MAX_TOKENS, STEPS, THREADS = 8, 8, 64, 6, 2
SIDE, IMAGES = 224, 4
ACCUMULATE = (1, 2, 8)
"""Micro-batches of TRL that are tried first; its best counts."""
REWARD = "def reward(sample):\n    return len(sample.completion) % 7 / 7\n"


@dataclass(frozen=True)
class Timed:
    """Steps of one trainer, the first left out."""

    seconds: list[float]
    tokens: list[float]

    def per_token(self) -> float:
        """Seconds per sampled token of the median step."""
        return statistics.median(s / t for s, t in zip(self.seconds, self.tokens, strict=True))


def rows(kind: str, folder: Path) -> list[dict]:
    """The prompts: a short text each, with four images of 64 tokens each before it if `kind` says so."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(PROMPTS * STEPS):
        text = f"What do you see in the face of person {number}, and which emotion is it? Answer in a few words."
        images = []
        for place in range(IMAGES if kind == "image" else 0):
            images.append(str(folder / f"{number}_{place}.png"))
            Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)).save(images[-1])
        found.append({"text": text, "images": images})
    return found


def build_model(folder: Path, prompts: Sequence[dict]) -> Path:
    from rl.learner.tiny import build_tiny

    return build_tiny(folder / "model", [row["text"] for row in prompts] * 8, TinySpec(vocab=400), seed=0)


def by_trl(prompts: Sequence[dict], model: Path, folder: Path, accumulate: int, steps: int = STEPS) -> Timed:
    shape = {"prompts": PROMPTS, "group": GROUP, "max_tokens": MAX_TOKENS, "steps": steps, "threads": THREADS}
    job = {"model": str(model), "rows": list(prompts), "accumulate": accumulate, **shape}
    (folder / "job.json").write_text(json.dumps(job))
    done = subprocess.run([str(PEER_PYTHON), str(PEER), str(folder / "job.json")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"TRL failed:\n{done.stderr[-2000:]}")
    return Timed(**json.loads(done.stdout.strip().splitlines()[-1]))


def by_affectree(prompts: Sequence[dict], model: Path, folder: Path) -> Timed:
    """Steps of affectree, in a process of its own as TRL's are."""
    lines = [
        {
            "messages": [
                {"role": "user", "content": "<image>" * len(row["images"]) + row["text"]},
                {"role": "assistant", "content": "a smile"},
            ],
            "images": row["images"],
            "task": "qa",
        }
        for row in prompts
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "reward.py").write_text(REWARD)
    file = str(folder / "rows.jsonl")
    config = {
        "name": "step",
        "runs": str(folder / "runs"),
        "data": {"train": file, "val": file, "test": file},
        "model": {"path": str(model)},
        "grpo": {"steps": STEPS, "prompts": PROMPTS, "group": GROUP, "mix": {"qa": 1}, "kl": 0.0, "max_tokens": MAX_TOKENS},
        "rewards": {"scorers": {"reward": {"spec": f"{folder / 'reward.py'}:reward", "isolation": "inline"}}},
        "learner": {"threads": THREADS},
        "rollout": {"threads": THREADS, "max_model_len": 512, "enforce_eager": False},
        "evaluation": {"rows": {"qa": 1}, "max_tokens": {"*": MAX_TOKENS}},
        "tracking": {"mlflow": False},
        "cluster": {"address": "local"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    subprocess.run([sys.executable, "-m", "benchmarks.step", "--ours", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return Timed(**json.loads((folder / "ours.json").read_text()))


def run_ours(folder: Path) -> None:
    """GRPO by the ordinary loop, without anything before or after it; writes ours.json."""
    from actors.cluster import connect
    from actors.environment import hush, worker_environment
    from rl.config.load import load_config
    from rl.record.console import warn
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.progress import Progress
    from rl.record.tracking.tracker import Tracker
    from rl.run.begin import begin
    from rl.run.preparation import prepare_data
    from rl.train import grpo

    hush()
    config = load_config(folder / "config.yaml", [])
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    directory, splits = RunDirectory.create(config), prepare_data(config)
    ends: list[float] = []
    tokens: list[float] = []

    class Clock(Tracker):
        """Told of each step at its end."""

        def log(self, metrics: Mapping[str, float], step: int, flush: bool = True) -> None:
            ends.append(time.perf_counter())
            tokens.append(metrics["rollout/tokens"])

    with begin(config, directory, splits) as run:
        run.tracker, run.progress = Clock(config, directory, warn), Progress("grpo")
        run.sync()
        grpo(run)
    seconds = [after - before for before, after in pairwise(ends)]
    (folder / "ours.json").write_text(json.dumps({"seconds": seconds, "tokens": tokens[1:]}))


def compare(kind: str, rounds: int) -> dict[str, object]:
    ratios: list[float] = []
    ours: list[Timed] = []
    theirs: list[Timed] = []
    with tempfile.TemporaryDirectory() as name:
        prompts = rows(kind, Path(name))
        model = build_model(Path(name), prompts)
        tried = {n: by_trl(prompts, model, Path(name), n, steps=3).per_token() for n in ACCUMULATE}
        accumulate = min(tried, key=lambda n: tried[n])
        print(kind, "TRL by micro-batches, seconds a token:", json.dumps(tried), flush=True)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prompts = rows(kind, folder)
            model = build_model(folder, prompts)
            theirs.append(by_trl(prompts, model, folder, accumulate))
            ours.append(by_affectree(prompts, model, folder))
        ratios.append(theirs[-1].per_token() / ours[-1].per_token())
        print(
            kind,
            json.dumps({"ratio": round(ratios[-1], 2), "trl": theirs[-1].__dict__, "affectree": ours[-1].__dict__}),
            flush=True,
        )
    return {
        "ratio": round(statistics.median(ratios), 2),
        "trl_micro_batches": accumulate,
        "noise": round((max(ratios) - min(ratios)) / 2 / statistics.median(ratios), 3),
        "trl_s": round(statistics.median(s for timed in theirs for s in timed.seconds), 2),
        "affectree_s": round(statistics.median(s for timed in ours for s in timed.seconds), 2),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.ours:
        run_ours(chosen.ours)
        return
    if not PEER_PYTHON.exists():
        raise SystemExit(f"{PEER_PYTHON} is missing: `make .venv-trl/.ready` makes TRL's environment")
    found = {kind: compare(kind, chosen.rounds) for kind in ("text", "image")}
    text, image = (float(str(found[kind]["ratio"])) for kind in ("text", "image"))
    print(json.dumps({"vs_trl_hf": image, "text": text, "image": image, "cases": found}))


if __name__ == "__main__":
    main()
