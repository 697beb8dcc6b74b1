"""Decoding steps of vLLM by part and operator, in a process of its own: `python -m benchmarks.common.engine_steps FOLDER`

The folder holds the model, and job.json with the shape of the batch; what is measured goes into steps.json beside it. vLLM is set
up as the engines set it up, but for its front end, which here takes its turn in the same process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.operators import Operator, operators

ROUNDS = 5
"""Batches that are timed, after one that is not and before one that is profiled."""


@dataclass(frozen=True)
class Batch:
    """What is decoded: prompts of ids without a meaning, each with completions of one length."""

    prompts: int
    group: int
    prompt_tokens: int
    max_tokens: int
    threads: int
    eager: bool = True


@dataclass(frozen=True)
class Decoding:
    """Decoding steps, of which each draws a token for every sequence; the one that reads the prompts is left out."""

    seconds: float
    """Of a step."""
    parts: dict[str, float]
    """Seconds of each part of a step, by name."""
    operators: list[Operator]
    """Of all steps of a batch, prompts included."""


def decoding(model: Path, batch: Batch) -> Decoding:
    """Measure decoding steps of a saved model."""
    from actors.environment import worker_environment

    (model / "job.json").write_text(json.dumps(asdict(batch)))
    words = [sys.executable, "-m", "benchmarks.common.engine_steps", str(model)]
    environment = {**os.environ, **worker_environment(on_cpu=True)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"vLLM failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    found = json.loads((model / "steps.json").read_text())
    return Decoding(found["seconds"], found["parts"], [Operator(**one) for one in found["operators"]])


class Clocks:
    """Seconds spent in functions, by name."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def put_on(self, owner: Any, function: str, name: str) -> None:
        """Time each call of a method of an object from now on."""
        timed: Callable[..., Any] = getattr(owner, function)

        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            found = timed(*arguments, **named)
            self.seconds[name] += time.perf_counter() - began
            return found

        setattr(owner, function, call)


def main(folder: Path) -> None:
    """Decode batches; writes steps.json."""
    batch = Batch(**json.loads((folder / "job.json").read_text()))
    os.environ.update(VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_OMP_THREADS_BIND="nobind", VLLM_CPU_KVCACHE_SPACE="1")
    os.environ["OMP_NUM_THREADS"] = str(batch.threads)
    import torch
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import RequestOutputKind

    llm = LLM(
        model=str(folder),
        dtype="float32",
        max_model_len=batch.prompt_tokens + batch.max_tokens,
        max_num_batched_tokens=8192,
        max_num_seqs=256,
        enforce_eager=batch.eager,
        block_size=32,
        enable_chunked_prefill=False,
        limit_mm_per_prompt={"video": 0, "image": 0},
        logprobs_mode="processed_logprobs",
        distributed_executor_backend="uni",
        disable_log_stats=True,
    )
    bans = dict.fromkeys(range(5), -100.0)

    def decode(seed: int) -> float:
        ids = [
            [20 + (7 * number + place + seed) % 200 for place in range(batch.prompt_tokens)] for number in range(batch.prompts)
        ]
        prompts = [{"prompt_token_ids": of_one} for of_one in ids]
        params = [
            SamplingParams(
                n=batch.group,
                max_tokens=batch.max_tokens,
                ignore_eos=True,
                logprobs=0,
                flat_logprobs=True,
                detokenize=False,
                logit_bias=bans,
                output_kind=RequestOutputKind.FINAL_ONLY,
            )
            for _ in range(batch.prompts)
        ]
        began = time.perf_counter()
        llm.generate(prompts, params, use_tqdm=False)
        return time.perf_counter() - began

    decode(0)
    core = llm.llm_engine.engine_core.engine_core
    runner = core.model_executor.driver_worker.worker.model_runner
    clocks = Clocks()
    clocks.put_on(core.scheduler, "schedule", "schedule")
    clocks.put_on(core.scheduler, "update_from_output", "count what was drawn")
    clocks.put_on(core.model_executor, "execute_model", "execute")
    clocks.put_on(core.model_executor, "sample_tokens", "draw")
    clocks.put_on(runner, "_model_forward", "model")
    clocks.put_on(runner, "_sample", "sampler")
    clocks.put_on(llm.llm_engine.output_processor, "process_outputs", "answer")
    clocks.put_on(core, "step", "step")
    took = [decode(1 + number) for number in range(ROUNDS)]
    steps = ROUNDS * batch.max_tokens
    each = {name: seconds / steps for name, seconds in clocks.seconds.items()}
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        decode(1 + ROUNDS)
    parts = {
        "model": each["model"],
        "inputs of the model": each["execute"] - each["model"],
        "sampler, log-probs": each["sampler"],
        "what was drawn, on its way": each["draw"] - each["sampler"],
        "scheduler": each["schedule"] + each["count what was drawn"],
        "front end": each["answer"],
    }
    seconds = sum(took) / steps
    parts["other"] = seconds - sum(parts.values())
    found = Decoding(seconds, parts, operators(profiler))
    (folder / "steps.json").write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
