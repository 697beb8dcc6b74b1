"""What the pool costs: `python -m benchmarks.rollout [--rounds 3]`

Sampled tokens a second of GRPO-shaped work (32 prompts about drawn clips, 8 samples of 96 tokens each) through the engine pool
and the actor around AsyncLLM, against a bare `LLM.generate` in a process of its own: same model, prompts, cores and sampling.
How long engines wait in a whole run is measured by `python -m benchmarks.staleness`.
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
from dataclasses import asdict
from pathlib import Path

import numpy as np

from actors.environment import hush, worker_environment

PROMPTS, GROUP, TOKENS = 32, 8, 96


def by_pool(folder: Path, rounds: int) -> list[float]:
    """Tokens a second of each round, the first (which warms up) left out."""
    import ray

    from rl.config.clips import clip_spec
    from rl.config.load import load_config
    from rl.run.preparation import prepare_data
    from rl.run.serving import serving
    from rollout.samples import Prompt, SamplingSpec

    config = load_config(Path("configs/quickstart.yaml"), ["cluster.address=local"])
    rows = prepare_data(config).train
    chosen = [rows[index] for index in rows.indices_by_task()["rationale"][:PROMPTS]]
    rates = []
    with serving(config, folder / "model") as engines:
        prompts = [Prompt(f"row{row.index}", row, ids) for row, ids in zip(chosen, engines.encode(chosen), strict=True)]
        job = {
            "ids": [prompt.encoded.text_ids.tolist() for prompt in prompts],
            "media": [row.media[0].path for row in chosen],
            "clip": asdict(clip_spec(config.data)),
            "rollout": asdict(config.rollout),
        }
        (folder / "job.json").write_text(json.dumps(job))
        for _ in range(rounds + 1):
            began = time.perf_counter()
            groups = engines.groups(prompts, SamplingSpec(GROUP, TOKENS))
            rates.append(sum(group.drawn_tokens() for group in groups) / (time.perf_counter() - began))
    ray.shutdown()
    return rates[1:]


def by_vllm(folder: Path, rounds: int) -> list[float]:
    """Tokens a second of each round of vLLM alone, in a process of its own; its defaults where the setting does not matter."""
    environment = {**os.environ, **worker_environment(on_cpu=True)}
    words = [sys.executable, "-m", "benchmarks.rollout", "--bare", str(folder), "--rounds", str(rounds)]
    subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
    return json.loads((folder / "bare.json").read_text())


def run_bare(folder: Path, rounds: int) -> None:
    job = json.loads((folder / "job.json").read_text())
    rollout = job["rollout"]
    os.environ.update(
        VLLM_CPU_KVCACHE_SPACE=str(max(1, round(rollout["cache_gib"]))),
        VLLM_CPU_OMP_THREADS_BIND="nobind",
        OMP_NUM_THREADS=str(rollout["threads"]),
    )
    from vllm import LLM, SamplingParams

    from rollout.media.decoding import decode
    from rollout.media.medium import ClipSpec, Medium

    llm = LLM(
        model=str(folder / "model"),
        dtype="float32",
        max_model_len=rollout["max_model_len"],
        max_num_seqs=rollout["max_sequences"],
        enforce_eager=True,
        limit_mm_per_prompt={"video": 1, "image": 0},
        logprobs_mode="processed_logprobs",
        generation_config="vllm",
    )
    clips = [decode(Medium("video", path), ClipSpec(**job["clip"])).frames for path in job["media"]]
    prompts = [
        {
            "prompt_token_ids": ids,
            "multi_modal_data": {"video": [(clip, {"fps": job["clip"]["fps"], "total_num_frames": len(clip)})]},
            "mm_processor_kwargs": {"do_sample_frames": False},
        }
        for ids, clip in zip(job["ids"], clips, strict=True)
    ]
    params = SamplingParams(n=GROUP, max_tokens=TOKENS, temperature=1.0, logprobs=0)
    rates = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        outputs = llm.generate(prompts, params, use_tqdm=False)
        drawn = sum(len(one.token_ids) for output in outputs for one in output.outputs)
        rates.append(drawn / (time.perf_counter() - began))
    (folder / "bare.json").write_text(json.dumps(rates[1:]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.bare:
        run_bare(chosen.bare, chosen.rounds)
        return
    hush()
    from rl.config.schema import TinySpec
    from rl.learner.tiny import build_tiny

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = ["What do you see in the face of this person, and which emotion is it?"] * 8
        build_tiny(folder / "model", texts, TinySpec(vocab=400), seed=0)
        ours = [by_pool(folder, chosen.rounds)]
        theirs = [by_vllm(folder, chosen.rounds)]
        ours.append(by_pool(folder, chosen.rounds))  # around the other, so that a machine that drifts shows
    pool, bare = ([rate for rates in side for rate in rates] for side in (ours, theirs))
    ratio = statistics.median(pool) / statistics.median(bare)
    noise = float(np.std(pool) / np.mean(pool))
    print(
        json.dumps(
            {
                "vs_bare_vllm": round(ratio, 3),
                "pool_tokens_per_s": round(statistics.median(pool)),
                "bare_tokens_per_s": round(statistics.median(bare)),
                "noise": round(noise, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
