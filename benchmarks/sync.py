"""What a sync costs: `python -m benchmarks.sync [--rounds 8] [--transfer memory]`

A random model of more than 100 million parameters: the time from "the learner has stepped" to "the engine serves version v",
against vLLM's own in-process `reload_weights` of the same tensors, out of its own memory. Learner and engine share the
machine, as in the quickstart.
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
from pathlib import Path
from typing import Any

import ray

from actors.cluster import connect
from actors.environment import hush, worker_environment
from actors.sync.weight_sync import SyncReport
from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import prepare_data
from rl.run.workers import launch

SHAPE = {"hidden": 768, "layers": 14, "heads": 12, "kv_heads": 4, "intermediate": 2560, "vocab": 1024}


def by_affectree(folder: Path, rounds: int, transfer: str) -> tuple[list[float], list[SyncReport], float]:
    """Seconds and report of each sync, the first (which reserves the memory) left out; largest log-prob difference after any."""
    words = [f"model.tiny.{key}={value}" for key, value in SHAPE.items()]
    config = load_config(
        Path("configs/quickstart.yaml"), [*words, f"runs={folder}", "tracking.mlflow=false", f"rollout.transfer={transfer}"]
    )
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    splits = prepare_data(config)
    seconds, reports, difference = [], [], 0.0
    with launch(config, RunDirectory.create(config), splits) as workers:
        rows = splits.train
        probe = workers.prompts(rows, rows.indices_by_task()["rationale"][:1], "probe")[0]
        for version in range(rounds + 1):
            workers.learners.sft([rows[0], rows[1]], learning_rate=1e-5)
            began = time.perf_counter()
            reports.append(workers.sync.load(version))
            seconds.append(time.perf_counter() - began)
            difference = max(difference, workers.sync.logprob_difference(probe))
        workers.learners.save_model(folder / "model")
    ray.shutdown()
    return seconds[1:], reports[1:], difference


def by_vllm(folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds of each of vLLM's own reloads, and the number of parameters; measured in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.sync", "--reload", str(folder), "--rounds", str(rounds)]
    environment = {**os.environ, **worker_environment(on_cpu=True)}
    subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
    return json.loads((folder / "reload.json").read_text())


def run_reload(folder: Path, rounds: int) -> None:
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
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(tensors.items())})
        seconds.append(time.perf_counter() - began)
    parameters = sum(tensor.numel() for tensor in tensors.values())
    (folder / "reload.json").write_text(json.dumps({"seconds": seconds[1:], "parameters": parameters}))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--transfer", default="memory", choices=["memory", "broadcast"])
    arguments.add_argument("--reload", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.reload:
        run_reload(chosen.reload, chosen.rounds)
        return
    hush()
    with tempfile.TemporaryDirectory() as name:
        seconds, reports, difference = by_affectree(Path(name), chosen.rounds, chosen.transfer)
        plain = by_vllm(Path(name), chosen.rounds)
    ours, theirs = statistics.median(seconds), statistics.median(plain["seconds"])
    print(
        json.dumps(
            {
                "vs_reload": round(ours / theirs, 2),
                "pause_ms": round(1000 * statistics.median(report.pause_seconds for report in reports)),
                "logprob_diff": difference,
                "bytes": reports[0].bytes,
                "transfer": chosen.transfer,
                "parameters": plain["parameters"],
                "sync_ms": [round(1000 * s) for s in seconds],
                "reload_ms": [round(1000 * s) for s in plain["seconds"]],
            }
        )
    )


if __name__ == "__main__":
    main()
