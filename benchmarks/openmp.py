"""Does preloading Intel's OpenMP with sleeping threads pay on CPUs? Rollout tokens/s with it against without.

Each measurement is a fresh process, since OpenMP is chosen when one starts; the two kinds take turns.
`python -m benchmarks.openmp` prints what it measured and, last, one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from actors.environment import hush, worker_environment

REPEATS = 2
ROUNDS = 3
_PRELOADED = ("LD_PRELOAD", "KMP_BLOCKTIME")


def measure(model: str) -> None:
    """Print tokens a second of each round as JSON; to be run in a process of its own."""
    import time

    import numpy as np
    from vllm import LLM, SamplingParams

    llm = LLM(model, dtype="float32", max_model_len=512, enforce_eager=True, limit_mm_per_prompt={"video": 1})
    prompt = "<|im_start|>user\n<|vision_start|><|video_pad|><|vision_end|>Describe.<|im_end|>\n<|im_start|>assistant\n"
    frames = np.random.default_rng(0).integers(0, 255, (16, 4, 56, 56, 3), dtype=np.uint8)
    requests = [{"prompt": prompt, "multi_modal_data": {"video": [clip]}} for clip in frames]
    sampling = SamplingParams(n=8, max_tokens=128, ignore_eos=True, logprobs=0)
    rates = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        out = llm.generate(requests, sampling, use_tqdm=False)
        rates.append(sum(len(o.token_ids) for r in out for o in r.outputs) / (time.perf_counter() - began))
    sys.stdout.write(json.dumps(rates[1:]) + "\n")


def run(model: str, preloaded: bool) -> list[float]:
    extra = worker_environment(on_cpu=True)
    base = {k: v for k, v in os.environ.items() if k not in _PRELOADED} | {k: extra[k] for k in extra if k not in _PRELOADED}
    environment = base | ({k: extra[k] for k in _PRELOADED if k in extra} if preloaded else {})
    environment |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    command = [sys.executable, "-m", "benchmarks.openmp", model]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def main() -> None:
    hush()
    from rl.config.schema import TinySpec
    from rl.learner.tiny import build_tiny

    with tempfile.TemporaryDirectory() as folder:
        model = str(build_tiny(Path(folder) / "tiny", ["a face, a tree"] * 64, TinySpec(), seed=0))
        rates: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(REPEATS):
            for preloaded in (False, True):
                rates[preloaded] += run(model, preloaded)
    with_it, without = statistics.median(rates[True]), statistics.median(rates[False])
    noise = max(statistics.pstdev(found) / statistics.mean(found) for found in rates.values())
    result = {"speedup": with_it / without, "tokens_per_s": with_it, "tokens_per_s_without": without, "noise": noise}
    sys.stdout.write(json.dumps({k: round(v, 3) for k, v in result.items()}) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
