"""Where the time goes: `python -m benchmarks.profile [--steps 6]`

GRPO and supervised steps of the quickstart's model by part; the learner's operators, from a profile taken in its process; a
decoding step by part and operator; and beside them what these cores can do at best: matrix products of the model's shapes, and
memory read at the size that a decoding step reads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from actors.cluster import connect
from actors.environment import hush, worker_environment
from benchmarks.common.engine_steps import Batch, Decoding, decoding
from benchmarks.common.limits import copied_bytes, decoding_bytes, decoding_flops, layer_shapes, matmul_flops, read_bytes
from benchmarks.common.step_parts import Learned, Steps, grpo_steps, tuning_steps
from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.run.begin import begin
from rl.run.preparation import prepare_data

THREADS, ROWS, CONTEXT = 2, 2048, 150
"""Threads of engine and learner; tokens of a learner's matrix product; tokens that a decoded sequence looks back on."""
SHOWN = 8
"""Operators of each table."""


def measure(folder: Path, steps: int) -> tuple[Steps, Steps, Decoding, dict[str, Any]]:
    """GRPO steps, supervised steps, decoding, and the tiny model's shape."""
    config = load_config(Path("configs/quickstart.yaml"), [f"runs={folder}"])
    connect("local", config.cluster.object_store_gib, worker_environment(on_cpu=True))
    splits, directory = prepare_data(config), RunDirectory.create(config)
    with begin(config, directory, splits) as run:
        tuned = tuning_steps(run, 2 * steps)
        run.learners.save_model(directory.tuned_model)
        run.learners.load_reference(directory.tuned_model)
        run.sync()
        learned = grpo_steps(run, steps)
    grpo, shape = config.grpo, asdict(config.model.tiny)
    batch = Batch(grpo.prompts, grpo.group, CONTEXT - 48, 96, THREADS)
    return learned, tuned, decoding(directory.tuned_model, batch), {**shape, "sequences": grpo.prompts * grpo.group}


def limits(shape: Mapping[str, Any]) -> dict[str, float]:
    """What these cores can do, and what that makes of a decoding step."""
    import torch

    torch.set_num_threads(THREADS)
    shapes, sequences = layer_shapes(shape), shape["sequences"]
    learning = {name: matmul_flops(ROWS, *sizes) for name, sizes in shapes.items()}
    drawing = {name: matmul_flops(sequences, *sizes) for name, sizes in shapes.items()}
    read, flops = decoding_bytes(shape, sequences, CONTEXT), decoding_flops(shape, sequences)
    return {
        "gflops_learner": round(statistics.mean(learning.values()) / 1e9, 1),
        "gflops_engine": round(statistics.mean(drawing.values()) / 1e9, 1),
        "gflops_square": round(matmul_flops(1024, 1024, 1024) / 1e9, 1),
        "read_gb_s": round(read_bytes(2**29) / 1e9, 1),
        "read_gb_s_at_step": round(read_bytes(read) / 1e9, 1),
        "copy_gb_s": round(copied_bytes(2**28) / 1e9, 1),
        "decoding_mb": round(read / 1e6, 1),
        "decoding_bound_ms": round(1000 * max(read / read_bytes(read), flops / statistics.mean(drawing.values())), 2),
    }


def table(title: str, seconds: Mapping[str, float], whole: float) -> None:
    """Print parts with their milliseconds and share."""
    print(f"\n{title}: {1000 * whole:.1f} ms")
    for name, value in sorted(seconds.items(), key=lambda part: -part[1]):
        print(f"  {name:<44} {1000 * value:9.2f} ms {100 * value / whole:5.1f} %")


def show_learner(title: str, learned: Learned, bound: Mapping[str, float]) -> float:
    """Print a learner's operators; returns the share of the peak that its matrix products come to over the whole step."""
    slowed = sum(one.seconds for one in learned.operators)
    first = learned.operators[:SHOWN]
    table(f"{title}, operators (with the profiler)", {f"{one.name} x {one.calls}": one.seconds for one in first}, slowed)
    share = learned.flops / learned.seconds / (bound["gflops_learner"] * 1e9)
    print(f"  {learned.flops / 1e9:.1f} GFLOP of matrix products in {learned.seconds:.3f} s: {100 * share:.0f} % of the peak")
    return round(share, 3)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=6)
    chosen = arguments.parse_args()
    hush()
    with tempfile.TemporaryDirectory() as name:
        grpo, sft, drawn, shape = measure(Path(name), chosen.steps)
    bound = limits(shape)
    table("a GRPO step", grpo.parts, sum(grpo.parts.values()))
    table("a supervised step", sft.parts, sum(sft.parts.values()))
    shares = {kind: show_learner(kind, steps.learner, bound) for kind, steps in {"GRPO update": grpo, "tuning": sft}.items()}
    table("a decoding step", drawn.parts, drawn.seconds)
    whole = sum(one.seconds for one in drawn.operators)
    table("decoding, operators (with the profiler)", {f"{o.name} x {o.calls}": o.seconds for o in drawn.operators[:SHOWN]}, whole)
    print("\nat best:", ", ".join(f"{name} {value}" for name, value in bound.items()))
    rounded = {kind: {part: round(s, 4) for part, s in steps.parts.items()} for kind, steps in {"grpo": grpo, "sft": sft}.items()}
    found = {"decoding_step_ms": round(1000 * drawn.seconds, 2), "peak_share": shares, **bound}
    print(json.dumps({**rounded, "decoding": {part: round(1000 * s, 3) for part, s in drawn.parts.items()}, **found}))


if __name__ == "__main__":
    main()
