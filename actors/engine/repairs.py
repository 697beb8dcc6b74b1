"""Repairs of vLLM 0.29, made in each of its processes by `register` in `actors/engine/weight_loader.py`."""

from __future__ import annotations

from typing import Any


def keep_media_of_cached_prompts() -> None:
    """Have the scheduler send the worker the pixels also of a prompt that the prefix cache covers.

    vLLM leaves these pixels out, since no vision tower has to run over them. But a request that is preempted, for lack of room
    or because new weights came, may be computed anew without the cache. The worker then has nothing to see, and the engine dies
    of "Expected number of multimodal embeddings to match number of input items".
    """
    import vllm.v1.core.sched.output

    def all_of_it(features: Any, *_: Any, **__: Any) -> Any:
        return features

    vllm.v1.core.sched.output.strip_covered_mm_data = all_of_it  # type: ignore[assignment]
