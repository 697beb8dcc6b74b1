"""The rollout engine: a Ray actor around vLLM's AsyncLLM."""

from __future__ import annotations

import os
import time
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import ray

from rewards.writing import rationale_grammar
from rollout.media import ClipSpec
from rollout.prompts import MediaStore, as_image, vision_token_ids
from rollout.samples import Group, Prompt, Sample, SamplingSpec, check_prompt_ids


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
    trust_remote_code: bool = False


_OVERRIDES = {"qwen3_vl": {"text_config": {"architectures": ["Qwen3ForCausalLM"]}}}
"""By family: vLLM 0.29 looks for the text part's architecture on CPUs, which Qwen3-VL's configs do not state."""


class StaleEngine(RuntimeError):
    """The engine has not been given weights since it started, or a sync failed half way."""


class RolloutEngine:
    """Generates groups; serves nothing until its first sync has succeeded."""

    def __init__(self, name: str, threads: int, cache_gib: float) -> None:
        """Import the engine, which takes longer than anything else about it; `start` does the rest."""
        self.name = name
        self.version: int | None = None
        _set_environment(threads, cache_gib)
        import vllm.v1.engine.async_llm  # noqa: F401

    async def start(self, spec: EngineSpec) -> str:
        """Load the model; returns once the engine can be asked."""
        from transformers import AutoConfig
        from vllm import AsyncEngineArgs
        from vllm.config import WeightTransferConfig
        from vllm.distributed.weight_transfer.base import WeightTransferInitRequest
        from vllm.v1.engine.async_llm import AsyncLLM

        from actors.weight_transfer import BACKEND

        self.store = MediaStore(spec.clip, spec.clip_cache_bytes)
        config = AutoConfig.from_pretrained(spec.model, trust_remote_code=spec.trust_remote_code)
        # vLLM 0.29 hands Qwen2.5-VL's processor the frames alone; and with its cache on, only the prompt's new videos, beside
        # the metadata of all of them
        self._metadata_apart = config.model_type == "qwen2_5_vl"
        self.bans = dict.fromkeys(vision_token_ids(config), -100.0)
        self.llm = AsyncLLM.from_engine_args(
            AsyncEngineArgs(
                model=spec.model,
                dtype=spec.dtype,
                seed=0,
                max_model_len=spec.max_model_len,
                max_num_seqs=spec.max_sequences,
                max_num_batched_tokens=max(8192, spec.max_model_len),
                tensor_parallel_size=spec.tensor_parallel,
                gpu_memory_utilization=spec.gpu_memory,
                enforce_eager=spec.enforce_eager,
                limit_mm_per_prompt=spec.media_per_prompt,
                logprobs_mode="processed_logprobs",
                generation_config="vllm",
                trust_remote_code=spec.trust_remote_code,
                mm_processor_cache_gb=0 if self._metadata_apart and spec.media_per_prompt["video"] > 1 else 4,  # vLLM's own: 4
                hf_overrides=_OVERRIDES.get(config.model_type, {}),
                weight_transfer_config=WeightTransferConfig(backend=BACKEND),
                disable_log_stats=True,
            )
        )
        await self.llm.init_weight_transfer_engine(WeightTransferInitRequest())
        return self.name

    async def load(self, image: np.ndarray, version: int) -> float:
        """Take new weights and become `version`. Returns the seconds during which nothing was generated.

        Args:
            image: uint8, a safetensors file with every tensor of the checkpoint.
            version: stamped on every sample from now on, and read back from the engine.
        """
        from vllm.distributed.weight_transfer.base import WeightTransferUpdateRequest

        from actors.weight_transfer import shared_memory_file

        self.version = None  # stale until the whole sync has succeeded
        with shared_memory_file(memoryview(image)) as path:
            began = time.perf_counter()
            await self.llm.pause_generation(mode="wait", clear_cache=False)
            await self.llm.start_weight_update()
            await self.llm.update_weights(WeightTransferUpdateRequest(update_info={"path": str(path)}))
            await self.llm.finish_weight_update(str(version))
            await self.reset_caches()
            await self.llm.resume_generation()
            paused = time.perf_counter() - began
        confirmed = await self.llm.get_weight_version()
        if confirmed != str(version):
            raise StaleEngine(f"{self.name}: asked for weights {version}, the engine reports {confirmed}")
        self.version = version
        return paused

    async def reset_caches(self) -> None:
        """Forget keys, values and vision features that older weights computed."""
        if not await self.llm.reset_prefix_cache():
            raise StaleEngine(f"{self.name}: the prefix cache could not be reset; requests are still running")
        await self.llm.reset_encoder_cache()

    async def generate(self, prompt: Prompt, sampling: SamplingSpec) -> Group:
        """Draw one group.

        Raises:
            StaleEngine: before the first sync.
            MediaError: if a file of the prompt cannot be decoded.
            PromptMismatch: if the engine's expanded prompt is not the trainer's.
        """
        if self.version is None:
            raise StaleEngine(f"{self.name} has no synced weights; it serves nothing until it has")
        began = time.perf_counter()
        version = self.version
        request_id = f"{prompt.key}-{time.time_ns()}"
        answers = self.llm.generate(self._request(prompt), self._sampling_params(sampling, prompt), request_id)
        output = [answer async for answer in answers][-1]
        prompt_ids = np.array(output.prompt_token_ids, dtype=np.int64)
        samples = tuple(
            Sample(
                prompt_ids=prompt_ids,
                ids=np.array(out.token_ids, dtype=np.int64),
                log_probs=_log_probs(out),
                text=out.text,
                finish_reason=str(out.finish_reason),
                version=version,
            )
            for out in output.outputs
        )
        group = Group(prompt, samples, time.perf_counter() - began)
        check_prompt_ids(group)
        return group

    def shutdown(self) -> None:
        self.llm.shutdown()

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        encoded = prompt.encoded
        request: dict[str, Any] = {"prompt_token_ids": encoded.text_ids.tolist()}
        data: dict[str, list[Any]] = {}
        names: dict[str, list[str]] = {}
        for medium in encoded.media:
            clip = self.store.get(medium)
            item = as_image(clip) if medium.kind == "image" else (clip.frames, _metadata(clip))
            data.setdefault(medium.kind, []).append(item)
            names.setdefault(medium.kind, []).append(f"{medium.path}@{clip.fps}")
        if data:
            request |= {"multi_modal_data": data, "multi_modal_uuids": names}
        if "video" in data:
            request["mm_processor_kwargs"] = {"do_sample_frames": False}
            if self._metadata_apart:
                request["mm_processor_kwargs"]["video_metadata"] = [metadata for _, metadata in data["video"]]
        return request

    def _sampling_params(self, sampling: SamplingSpec, prompt: Prompt) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        seed = None if sampling.seed is None else (sampling.seed + hash_key(prompt.key)) % 2**31
        held = sampling.structured and prompt.row.task == "rationale"
        return SamplingParams(
            n=sampling.count,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=1.0,
            top_k=0,
            seed=seed,
            logprobs=0,
            logit_bias=self.bans,
            structured_outputs=StructuredOutputsParams(grammar=rationale_grammar()) if held else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_special_tokens=True,
        )


def hash_key(key: str) -> int:
    """A stable number for a prompt key, so that seeded sampling repeats from run to run."""
    return zlib.crc32(key.encode())


def _metadata(clip: Any) -> dict[str, Any]:
    count = len(clip.frames)
    return {"fps": clip.fps, "total_num_frames": count, "frames_indices": list(range(count)), "duration": count / clip.fps}


def _log_probs(output: Any) -> np.ndarray:
    chosen = (position[token].logprob for position, token in zip(output.logprobs, output.token_ids, strict=True))
    return np.fromiter(chosen, dtype=np.float32, count=len(output.token_ids))


def _set_environment(threads: int, cache_gib: float) -> None:
    """Settings that vLLM reads from the environment, here and in the processes that it starts."""
    os.environ.update(
        VLLM_CPU_KVCACHE_SPACE=str(max(1, round(cache_gib))),
        VLLM_CPU_OMP_THREADS_BIND="nobind",
        VLLM_NO_USAGE_STATS="1",
        AFFECTREE_FORK_WORKERS="1" if not ray.get_gpu_ids() else "0",
        OMP_NUM_THREADS=str(threads),
    )
