"""Hit rates of engines' caches between two readings."""

from __future__ import annotations

import pytest

from actors.engine.cache_counts import CacheCounts
from actors.pool.hit_rates import hit_rates

PREFIX, VISION = "rollout/prefix_cache_hit_rate", "rollout/vision_cache_hit_rate"


def test_tokens_weigh_alike_on_whichever_engine_they_are() -> None:
    before = {"a": CacheCounts(1000, 10, 100, 1), "b": CacheCounts(0, 0, 0, 0)}
    after = {"a": CacheCounts(1400, 310, 180, 51), "b": CacheCounts(100, 60, 20, 10)}
    assert hit_rates(before, after) == {PREFIX: pytest.approx(360 / 500), VISION: pytest.approx(60 / 100)}


def test_a_successor_counts_from_its_start_and_a_dead_engine_no_more() -> None:
    before = {"0.0": CacheCounts(500, 500, 50, 50), "1.0": CacheCounts(0, 0, 0, 0)}
    after = {"0.1": CacheCounts(10, 4, 4, 1), "1.0": CacheCounts(10, 2, 0, 0)}
    assert hit_rates(before, after) == {PREFIX: pytest.approx(6 / 20), VISION: pytest.approx(1 / 4)}


def test_nothing_asked_or_nothing_shown_has_no_rate() -> None:
    read = {"a": CacheCounts(10, 5, 4, 2)}
    assert hit_rates(read, read) == {}
    assert hit_rates(read, {"a": CacheCounts(20, 10, 4, 2)}) == {PREFIX: 0.5}
    assert hit_rates(read, {"a": CacheCounts(20, 10, 8, 1)}) == {PREFIX: 0.5, VISION: 0.0}
