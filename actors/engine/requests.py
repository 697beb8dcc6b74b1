"""This project's prompts as vLLM's requests, and vLLM's outputs as this project's samples."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from rewards.tree.writer import rationale_grammar
from rollout.families import family_of
from rollout.media.medium import Clip, ClipSpec, Medium
from rollout.media.store import MediaStore
from rollout.prompts import as_image, vision_token_ids
from rollout.samples import Prompt, SamplingSpec
from rollout.seeds import derived

DECODING_THREADS = min(8, max(2, (os.cpu_count() or 2) // 4))
"""Files that are decoded side by side, while the engine generates."""


class Requests:
    """Makes vLLM's requests for one checkpoint."""

    def __init__(self, config: Any, clip: ClipSpec, clip_cache_bytes: int, shared_clips: str = "") -> None:
        """
        Args:
            config: the checkpoint's own, as transformers loads it.
            clip: how media are decoded.
            clip_cache_bytes: bytes of decoded media that are kept.
            shared_clips: name under which processes of this node share them; empty for none.
        """
        self.store = MediaStore(clip, clip_cache_bytes, shared_clips)
        self._decoding = ThreadPoolExecutor(DECODING_THREADS, "decoding")
        # vLLM 0.29 hands Qwen2.5-VL's processor the frames alone
        self.metadata_apart = family_of(config.model_type).engine_needs_metadata
        self.bans = dict.fromkeys(vision_token_ids(config), -100.0)

    async def decode(self, media: Sequence[Medium]) -> None:
        """Decode media in threads, so that a request about them need not; raises `MediaError` if a file cannot be decoded."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._decoding, self.store.get, medium) for medium in media))

    def request(self, prompt: Prompt, written: np.ndarray) -> dict[str, Any]:
        """vLLM's request for a completion of a prompt.

        Args:
            prompt: with its media, which are decoded here if that has not been done.
            written: tokens that the completion begins with, int64 (k,).
        """
        return self.about([*prompt.encoded.text_ids.tolist(), *written.tolist()], prompt.encoded.media)

    def about(self, ids: list[int], media: Sequence[Medium]) -> dict[str, Any]:
        """vLLM's request for a continuation of token ids.

        Args:
            ids: with one placeholder for each video or image.
            media: what the placeholders stand for, which is decoded here if that has not been done.

        Raises:
            MediaError: if a file cannot be decoded.
        """
        request: dict[str, Any] = {"prompt_token_ids": ids}
        data: dict[str, list[Any]] = {}
        names: dict[str, list[str]] = {}
        for medium in media:
            clip = self.store.get(medium)
            item = as_image(clip) if medium.kind == "image" else (clip.frames, _metadata(clip))
            data.setdefault(medium.kind, []).append(item)
            names.setdefault(medium.kind, []).append(self.store.name(medium))
        if data:
            request |= {"multi_modal_data": data, "multi_modal_uuids": names}
        if "video" in data:
            request["mm_processor_kwargs"] = {"do_sample_frames": False}
            if self.metadata_apart:
                request["mm_processor_kwargs"]["video_metadata"] = [metadata for _, metadata in data["video"]]
        return request

    def sampling_params(
        self,
        prompt: Prompt,
        sampling: SamplingSpec,
        count: int,
        written: int,
        where: tuple[int, ...],
        headers: tuple[str, ...],
    ) -> Any:
        """vLLM's parameters for drawing continuations.

        Args:
            prompt: what is asked; its key is part of the seed.
            sampling: how it is drawn.
            count: how many continuations; vLLM counts the seed on from one to the next.
            written: number of tokens that all of them continue.
            where: the place in the answer, which is part of the seed too.
            headers: texts at which a continuation stops, after it has written one.
        """
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        seed = None if sampling.seed is None else derived(sampling.seed, prompt.key, *where)
        held = sampling.structured and prompt.row.task == "rationale"
        return SamplingParams(
            n=count,
            max_tokens=sampling.max_tokens - written,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            seed=seed,
            stop=[*headers, *sampling.stop],
            include_stop_str_in_output=True,
            logprobs=0,
            flat_logprobs=True,
            detokenize=bool(headers or sampling.stop),  # what stops at a text is read while it is written
            logit_bias=self.bans,
            structured_outputs=StructuredOutputsParams(grammar=rationale_grammar()) if held else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_special_tokens=True,
        )


def log_probs(output: Any) -> np.ndarray:
    """Log-probs of the tokens that a completion drew, float32 (k,)."""
    flat = output.logprobs
    if flat.token_ids != list(output.token_ids):
        raise RuntimeError("vLLM reports log-probs of other tokens than those it drew")
    return np.array(flat.logprobs, dtype=np.float32)


def _metadata(clip: Clip) -> dict[str, Any]:
    count = len(clip.frames)
    return {"fps": clip.fps, "total_num_frames": count, "frames_indices": list(range(count)), "duration": count / clip.fps}
