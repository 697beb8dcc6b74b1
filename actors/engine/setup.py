"""How vLLM is started, and what ends an engine's process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray

from actors.engine.adapters import adapter_arguments
from actors.engine.process_guard import mark_engine_process
from rl.learner.spec import LoraSpec
from rollout.media import ClipSpec


@dataclass(frozen=True)
class EngineSpec:
    """What an engine needs to start."""

    model: str
    dtype: str
    max_model_len: int
    max_sequences: int
    gpu_memory: float
    """Share of a GPU's memory, on GPUs."""
    tensor_parallel: int
    enforce_eager: bool
    clip: ClipSpec
    clip_cache_bytes: int
    media_per_prompt: dict[str, int]
    """The most videos and images that any prompt has; room is reserved for as many."""
    in_flight: str = "wait"
    """What a sync does with completions that are being drawn: `wait` for them, `abort` and ask again, or `keep` them and go
    on under the new weights."""
    lora: LoraSpec | None = None
    """Of the adapter that it is sent alone, if it is."""
    trust_remote_code: bool = False
    serve_as_loaded: bool = False
    """Serve the weights of `model` as version 0, without a sync."""


_OVERRIDES = {"qwen3_vl": {"text_config": {"architectures": ["Qwen3ForCausalLM"]}}}
"""By family: vLLM 0.29 looks for the text part's architecture on CPUs, which Qwen3-VL's configs do not state."""


def engine_arguments(spec: EngineSpec, family: str, uncached: bool) -> Any:
    """vLLM's `AsyncEngineArgs`.

    Args:
        spec: what the engine is to be.
        family: the checkpoint's `model_type`.
        uncached: process all media of a prompt anew; vLLM's cache would process some with the metadata of all.
    """
    from vllm import AsyncEngineArgs
    from vllm.config import WeightTransferConfig

    from actors.weights.handles import BACKEND

    on_cpu = not ray.get_gpu_ids()
    return AsyncEngineArgs(
        model=spec.model,
        dtype=spec.dtype,
        seed=0,
        max_model_len=spec.max_model_len,
        max_num_seqs=spec.max_sequences,
        max_num_batched_tokens=max(8192, spec.max_model_len),
        block_size=32 if on_cpu else None,  # of the 128 that it has on CPUs, short prompts fill none to share
        enable_chunked_prefill=not on_cpu,  # a seeded request in two parts: "CPU Generator does not use offset"
        tensor_parallel_size=spec.tensor_parallel,
        distributed_executor_backend="uni" if on_cpu and spec.tensor_parallel == 1 else None,
        gpu_memory_utilization=spec.gpu_memory,
        enforce_eager=spec.enforce_eager,
        limit_mm_per_prompt=spec.media_per_prompt,
        logprobs_mode="processed_logprobs",
        generation_config="vllm",
        trust_remote_code=spec.trust_remote_code,
        mm_processor_cache_gb=0 if uncached else 4,  # vLLM's own: 4
        hf_overrides=_OVERRIDES.get(family, {}),
        weight_transfer_config=WeightTransferConfig(backend=BACKEND),
        disable_log_stats=True,
        **adapter_arguments(spec.lora),
    )


@contextmanager
def ending_with_vllm() -> Iterator[None]:
    """End this process if vLLM's own has died, which it says in the log, so that the driver replaces the engine."""
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        yield
    except EngineDeadError:
        sys.stderr.flush()
        os._exit(1)


def set_environment(threads: int, cache_gib: float) -> None:
    """Settings that vLLM reads from the environment, here and in the processes that it starts."""
    mark_engine_process()
    os.environ.update(
        VLLM_CPU_KVCACHE_SPACE=str(max(1, round(cache_gib))),
        VLLM_CPU_OMP_THREADS_BIND="nobind",
        VLLM_NO_USAGE_STATS="1",
        OMP_NUM_THREADS=str(threads),
    )
    if not ray.get_gpu_ids():
        # lets vLLM compute inside of its engine process: a worker beside it would wait by spinning, on cores that the
        # computation needs (vLLM offers that on CPUs under this name only)
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
