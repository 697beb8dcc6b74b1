"""Two runs of one config with `determinism`: the same figures to the last bit, with one engine and with several, and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

AFFECTREE = Path(sys.executable).parent / "affectree"
STEPS = 3
SCORER = "def length(sample):\n    return sample.completion_tokens % 7 / 7\n"
TIMES = ("seconds", "per_second", "idle_share")
"""A metric is a time, or made of times, if its name has one of these in it."""

pytestmark = pytest.mark.timeout(900)


class Runs:
    """Runs in a folder, each done once, by processes of its own."""

    def __init__(self, folder: Path, faces: Path) -> None:
        self.folder, self.faces = folder, faces
        (folder / "scorer.py").write_text(SCORER)

    def run(self, name: str, *words: str) -> Path:
        """The directory of the run of this name, which is done if it has not been."""
        if not list(self.folder.glob(f"runs/{name}-*")):
            affectree("train", str(self.config(name)), *words)
        return self.directory(name)

    def interrupted(self, name: str) -> Path:
        """The directory of a run that is stopped, as by Ctrl-C, when it has done its first GRPO step."""
        words = [str(AFFECTREE), "train", str(self.config(name))]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if f"step 1/{STEPS} | reward" in line:
                    process.send_signal(signal.SIGINT)
        assert process.returncode == 130, "".join(said)[-4000:]
        return self.directory(name)

    def directory(self, name: str) -> Path:
        (found,) = self.folder.glob(f"runs/{name}-*")
        return found

    def config(self, name: str) -> Path:
        """The file of a config: texts of all lengths about clips, some sampled as trees; more samples than an engine draws at a
        time."""
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(self.settings(name)))
        return file

    def settings(self, name: str) -> dict[str, Any]:
        rows = {"rationale": 4, "attribute_open": 4}
        return {
            "name": name,
            "determinism": True,
            "seed": 5,
            "runs": str(self.folder / "runs"),
            "data": {"directory": str(self.faces)},
            "model": {"init": "tiny"},
            "curriculum": {"stages": {"all": {"steps": 2, "batch": 4, "mix": {"*": 1}}}},
            "grpo": {
                "steps": STEPS,
                "prompts": 4,
                "group": 16,
                "updates": 2,
                "mix": {"rationale": 1, "attribute_open": 1},
                "learning_rate": 1e-3,
                "kl": 0.02,
                "max_tokens": 64,
                "stop": ["q"],
                "resample": 1,
            },
            "rewards": {"scorers": {"length": {"spec": f"{self.folder / 'scorer.py'}:length"}}},
            "rollout": {"max_model_len": 512, "max_sequences": 32, "branching": [4, 1, 4]},
            "evaluation": {"rows": rows, "every": 1, "val_rows": rows, "max_tokens": {"*": 24}},
            "checkpoints": {"every": 1},
            "tracking": {"mlflow": False},
            "cluster": {"address": "local"},
        }


def affectree(*words: str) -> None:
    done = subprocess.run([str(AFFECTREE), *words], capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def metrics(run: Path) -> list[Any]:
    """All that was measured but times, by step."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = []
    for line in lines:
        kept = {name: value for name, value in line["metrics"].items() if not any(part in name for part in TIMES)}
        found.append((line["phase"], line.get("step"), line.get("stage"), kept))
    return found


def rollouts(run: Path) -> list[list[dict[str, Any]]]:
    """Each step's samples: texts, tokens, log-probs, rewards."""
    return [pq.read_table(run / "rollouts" / f"step_{step}.parquet").to_pylist() for step in range(1, STEPS + 1)]


def assert_alike(one: Path, other: Path) -> None:
    assert metrics(one) == metrics(other)
    assert rollouts(one) == rollouts(other)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> Runs:
    return Runs(tmp_path_factory.mktemp("alike"), faces)


def test_two_runs_are_alike_and_one_with_another_seed_is_not(runs: Runs) -> None:
    one, other, differs = runs.run("one"), runs.run("other"), runs.run("differs", "seed=6")
    assert_alike(one, other)
    texts, others = ([row["completion"] for step in rollouts(run) for row in step] for run in (one, differs))
    assert len(set(texts)) > len(texts) / 4  # else the same might be drawn by chance
    assert texts != others
    rewards = [row["reward"] for step in rollouts(one) for row in step]
    assert len(set(rewards)) > 3
    assert metrics(one) != metrics(differs)
    names = {name for _, _, _, values in metrics(one) for name in values}
    assert {"tune/loss", "reward/mean", "learner/gradient_norm", "sync/logprob_diff", "val/reward", "root_accuracy"} <= names


def test_two_runs_with_two_engines_and_two_ranks_are_alike(runs: Runs) -> None:
    two = ("rollout.engines=2", "learner.ranks=2", "learner.zero_stage=2")
    assert_alike(runs.run("two", *two), runs.run("second", *two))


def test_a_run_that_was_interrupted_is_like_one_that_was_not(runs: Runs) -> None:
    directory = runs.interrupted("interrupted")
    assert len(metrics(directory)) < len(metrics(runs.run("one")))
    affectree("train", "--resume", str(directory))
    assert_alike(directory, runs.run("one"))
