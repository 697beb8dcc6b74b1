"""How vLLM is started, and how an engine's process ends with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import ray

from actors.engine.adapters import adapter_arguments
from actors.engine.process_guard import mark_engine_process
from actors.weights.handles import BACKEND, adapter_alone
from rl.config.schema import LoraConfig, ModelConfig, RolloutConfig
from rollout.families import family_of
from rollout.media.medium import ClipSpec
from rollout.seeds import derived

COUNTING: dict[str, Any] = {"scheduler_cls": "actors.engine.counting.counting_scheduler"}
"""vLLM's engine arguments by which it counts what its caches save."""
STEPWISE: dict[str, Any] = {"scheduler_cls": "actors.engine.stepwise.StepwiseScheduler", "async_scheduling": False}
"""Those by which nothing that it does depends on when something is done, either."""


@dataclass(frozen=True)
class EngineSpec:
    """What an engine is told at its start: the sections of the config that it works by, and what was made of others."""

    checkpoint: str
    """Folder or hub name of the model to load."""
    model: ModelConfig
    rollout: RolloutConfig
    clip: ClipSpec
    """How media are decoded."""
    clip_cache_bytes: int
    """Bytes of decoded media that are kept."""
    shared_clips: str
    """Name under which processes of a node share them."""
    media_per_prompt: Mapping[str, int]
    """The most videos and images that any prompt has, under `video` and `image`; room is reserved for as many."""
    seed: int
    """The run's; each engine derives its own."""
    determinism: bool = False
    """Compute the same in every run with the same requests."""
    serve_as_loaded: bool = False
    """Serve the checkpoint as version 0, without a sync."""

    @property
    def dtype(self) -> str:
        """Precision that it computes in."""
        return self.rollout.dtype or self.model.dtype

    @property
    def lora(self) -> LoraConfig | None:
        """The shape of the adapter, where the engine is sent adapters alone; None if it is sent whole weights, or nothing."""
        return self.model.lora if adapter_alone(self.model) and not self.serve_as_loaded else None


def engine_arguments(spec: EngineSpec, family: str, name: str) -> Any:
    """vLLM's `AsyncEngineArgs`.

    Args:
        spec: what the engine is told.
        family: the checkpoint's `model_type`.
        name: the engine's, by which its seed is derived.
    """
    from vllm import AsyncEngineArgs
    from vllm.config import WeightTransferConfig

    rollout = spec.rollout
    return AsyncEngineArgs(
        model=spec.checkpoint,
        dtype=cast(Any, spec.dtype),
        seed=derived(spec.seed, name),
        max_model_len=rollout.max_model_len,
        max_num_seqs=rollout.max_sequences,
        max_num_batched_tokens=max(8192, rollout.max_model_len),
        gpu_memory_utilization=rollout.gpu_memory,
        enforce_eager=rollout.enforce_eager,
        logprobs_mode="processed_logprobs",
        generation_config="vllm",
        trust_remote_code=spec.model.trust_remote_code,
        weight_transfer_config=WeightTransferConfig(backend=BACKEND),
        disable_log_stats=True,
        **vision_arguments(family, spec.media_per_prompt),
        **hardware_arguments(rollout.tensor_parallel),
        **adapter_arguments(spec.lora),
        **(STEPWISE if spec.determinism else COUNTING),
    )


def vision_arguments(family: str, media_per_prompt: Mapping[str, int]) -> dict[str, Any]:
    """vLLM's engine arguments for what a model sees.

    Args:
        family: the checkpoint's `model_type`.
        media_per_prompt: the most videos and images that any prompt has, under `video` and `image`.
    """
    differs = family_of(family)
    # where vLLM's cache is on, it processes only the prompt's new videos, beside the metadata of all of them
    uncached = differs.engine_needs_metadata and media_per_prompt["video"] > 1
    return {
        "limit_mm_per_prompt": dict(media_per_prompt),
        "mm_processor_cache_gb": 0 if uncached else 4,  # vLLM's own: 4
        "hf_overrides": dict(differs.engine_overrides),
    }


def hardware_arguments(tensor_parallel: int) -> dict[str, Any]:
    """vLLM's engine arguments that go by the hardware of this process.

    Args:
        tensor_parallel: processes that share the engine's model.
    """
    on_cpu = not ray.get_gpu_ids()
    return {
        "block_size": 32 if on_cpu else None,  # vLLM's 128 are more than short prompts fill, and only full blocks are shared
        "enable_chunked_prefill": not on_cpu,  # a seeded request in two parts: "CPU Generator does not use offset"
        "tensor_parallel_size": tensor_parallel,
        "distributed_executor_backend": "uni" if on_cpu and tensor_parallel == 1 else None,
    }


@contextmanager
def ending_with_vllm() -> Iterator[None]:
    """End this process if vLLM's own has died, so that the driver replaces the engine. vLLM says in the log what happened."""
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        yield
    except EngineDeadError:
        sys.stderr.flush()
        os._exit(1)


def set_environment(threads: int, cache_gib: float) -> None:
    """Set the variables that vLLM reads, here and in the processes that it starts.

    Args:
        threads: threads that compute.
        cache_gib: memory for keys and values, on CPUs.
    """
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
