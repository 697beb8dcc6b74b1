"""How much of what they were asked engines found in their caches."""

from __future__ import annotations

from collections.abc import Mapping

from actors.engine.cache_counts import CacheCounts


def hit_rates(before: Mapping[str, CacheCounts], after: Mapping[str, CacheCounts]) -> dict[str, float]:
    """The metrics of what was counted between two readings, by all engines of the later one together. Without tokens there is no
    rate.

    Args:
        before: engine's name -> its counts; one that is not there has started since.
        after: likewise.
    """
    since = [counts.since(before.get(name, CacheCounts())) for name, counts in after.items()]
    sums = {
        "rollout/prefix_cache_hit_rate": (sum(one.prompt_hits for one in since), sum(one.prompt for one in since)),
        "rollout/vision_cache_hit_rate": (sum(one.media_hits for one in since), sum(one.media for one in since)),
    }
    # media of a request that was begun before a reading may be seen after it
    return {name: max(0.0, hits / tokens) for name, (hits, tokens) in sums.items() if tokens}
