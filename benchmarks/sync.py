"""What a sync costs: `python -m benchmarks.sync [--rounds 12] [--transfer memory]`

A random model of more than 100 million parameters: the time from "the learner has stepped" to "the engine serves version v",
against vLLM's own in-process `reload_weights` of the same tensors, out of its own memory. Both take turns on the same cores;
what counts is the median of the rounds' ratios. Learner and engine share the machine, as in the quickstart.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from actors.cluster import connect
from actors.environment import hush, worker_environment
from actors.sync.weight_sync import SyncReport
from benchmarks.common.timing import noise
from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import prepare_data
from rl.run.workers import launch

SHAPE = {"hidden": 768, "layers": 14, "heads": 12, "kv_heads": 4, "intermediate": 2560, "vocab": 1024}
ANSWER = "reload:"
"""How lines begin that count, among what vLLM prints."""


@dataclass(frozen=True)
class Round:
    """A sync, and the reload that followed it."""

    seconds: float
    report: SyncReport
    difference: float
    """Largest difference between engine and learner in a token's log-prob after the sync."""
    reload: float
    """Seconds of vLLM's own."""

    @property
    def ratio(self) -> float:
        """The sync's seconds by the reload's."""
        return self.seconds / self.reload


def measure(folder: Path, rounds: int, transfer: str) -> list[Round]:
    """Rounds after a first one, which reserves the memory and does not count."""
    words = [f"model.tiny.{key}={value}" for key, value in SHAPE.items()]
    config = load_config(
        Path("configs/quickstart.yaml"), [*words, f"runs={folder}", "tracking.mlflow=false", f"rollout.transfer={transfer}"]
    )
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    splits, found = prepare_data(config), []
    with launch(config, RunDirectory.create(config), splits) as workers:
        rows = splits.train
        probe = workers.prompts(rows, rows.indices_by_task()["rationale"][:1], "probe")[0]
        workers.learners.save_model(folder / "model")
        with reloading(folder) as reload:
            for version in range(rounds + 1):
                workers.learners.sft([rows[0], rows[1]], learning_rate=1e-5)
                began = time.perf_counter()
                report = workers.sync.load(version)
                seconds = time.perf_counter() - began
                found.append(Round(seconds, report, workers.sync.logprob_difference(probe), next(reload)))
    ray.shutdown()
    return found[1:]


@contextmanager
def reloading(folder: Path) -> Iterator[Iterator[float]]:
    """A process of its own in which vLLM has the model; whenever the iterator is asked, it reloads and gives the seconds."""
    words = [sys.executable, "-m", "benchmarks.sync", "--reload", str(folder)]
    environment = {**os.environ, **worker_environment(on_cpu=True)}
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as other:
        assert other.stdin is not None and other.stdout is not None
        answers = (line.removeprefix(ANSWER) for line in other.stdout if line.startswith(ANSWER))
        ask = other.stdin

        def seconds() -> Iterator[float]:
            while True:
                ask.write("\n")
                yield float(next(answers))

        next(answers)  # the model is loaded
        yield seconds()
        ask.close()


def run_reload(folder: Path) -> None:
    """Reload once for each line that comes in, and say how long it took."""
    os.environ.update(
        VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_OMP_THREADS_BIND="nobind", VLLM_CPU_KVCACHE_SPACE="1", OMP_NUM_THREADS="2"
    )
    from safetensors.torch import load_file
    from vllm import LLM

    llm = LLM(
        model=str(folder / "model"),
        dtype="float32",
        max_model_len=512,
        enforce_eager=True,
        limit_mm_per_prompt={"video": 1, "image": 0},
        distributed_executor_backend="uni",
    )
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / "model" / "model.safetensors").items()}
    print(ANSWER, flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(tensors.items())})
        print(ANSWER, time.perf_counter() - began, flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=12)
    arguments.add_argument("--transfer", default="memory", choices=["memory", "broadcast"])
    arguments.add_argument("--reload", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.reload:
        run_reload(chosen.reload)
        return
    hush()
    with tempfile.TemporaryDirectory() as name:
        rounds = measure(Path(name), chosen.rounds, chosen.transfer)
    found: dict[str, Any] = {
        "vs_reload": round(statistics.median(one.ratio for one in rounds), 2),
        "noise": noise([one.ratio for one in rounds]),
        "pause_ms": round(1000 * statistics.median(one.report.pause_seconds for one in rounds)),
        "logprob_diff": max(one.difference for one in rounds),
        "bytes": rounds[0].report.bytes,
        "transfer": chosen.transfer,
        "sync_ms": [round(1000 * one.seconds) for one in rounds],
        "reload_ms": [round(1000 * one.reload) for one in rounds],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
