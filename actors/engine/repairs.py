"""Repairs of vLLM 0.29, made in each of its processes (by `actors/engine/weight_loader.py`'s `register`)."""

from __future__ import annotations

from typing import Any


def keep_media_of_cached_prompts() -> None:
    """Have the scheduler send the worker the pixels also of a prompt that the prefix cache covers.

    vLLM leaves them out, since no vision tower runs over them. But a request that is preempted, for lack of room or because
    new weights came, may be computed anew without the cache, and then the worker has nothing to see: the engine dies of
    "Expected number of multimodal embeddings to match number of input items".
    """
    from vllm.v1.core.sched import output

    def all_of_it(features: Any, *_: Any, **__: Any) -> Any:
        return features

    output.strip_covered_mm_data = all_of_it
