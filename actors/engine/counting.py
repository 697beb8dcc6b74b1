"""vLLM's scheduler, which counts what its caches save.

vLLM's own statistics cost every decoding step some work in two processes, and do not tell how often the vision tower runs. Here
the scheduler counts as it begins with requests, and is asked for the counts when somebody wants them. vLLM makes it in its engine
process, by its name.
"""

from __future__ import annotations

from typing import Any

from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.output import SchedulerOutput
from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.engine.core import EngineCore
from vllm.v1.metrics.stats import PrefixCacheStats


class CountingScheduler(Scheduler):
    """Counts tokens of prompts and of media, and those of them that need not be computed."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.kv_cache_manager.log_stats, self.kv_cache_manager.prefix_cache_stats = True, PrefixCacheStats()
        self._shown = self._seen = 0
        """Media tokens of requests that were begun with; and those that the vision tower computed."""

    def schedule(self, *arguments: Any, **settings: Any) -> SchedulerOutput:
        """What is computed next."""
        output = super().schedule(*arguments, **settings)
        for name in (*(new.req_id for new in output.scheduled_new_reqs), *output.scheduled_cached_reqs.resumed_req_ids):
            self._shown += sum(feature.mm_position.get_num_embeds() for feature in self.requests[name].mm_features)
        for name, places in output.scheduled_encoder_inputs.items():
            self._seen += sum(map(self.requests[name].get_num_encoder_embeds, places))
        return output

    def cache_counts(self) -> list[int]:
        """The fields of `CacheCounts`, since the start."""
        prompts = self.kv_cache_manager.prefix_cache_stats
        assert prompts is not None
        queries, hits = prompts.queries + prompts.preempted_queries, prompts.hits + prompts.preempted_hits
        return [queries, hits, self._shown, self._shown - self._seen]


class AsyncCountingScheduler(CountingScheduler, AsyncScheduler):
    """The same, where vLLM schedules ahead of the model."""


def counting_scheduler(*arguments: Any, vllm_config: Any, **settings: Any) -> CountingScheduler:
    """The one that suits a config; takes what vLLM's schedulers do."""
    kind = AsyncCountingScheduler if vllm_config.scheduler_config.async_scheduling else CountingScheduler
    return kind(*arguments, vllm_config=vllm_config, **settings)


def let_counts_be_read() -> None:
    """Have vLLM's engine process answer calls of `cache_counts`."""
    EngineCore.cache_counts = lambda core: core.scheduler.cache_counts()  # type: ignore[attr-defined]
