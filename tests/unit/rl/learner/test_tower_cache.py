"""Features within a budget."""

import torch

from rl.learner.tower_cache import Features, TowerCache, joined
from rollout.media.medium import Medium


def features(value: float, tokens: int = 4) -> Features:
    """Of 8 numbers a token, 4 of them for a deeper layer: 32 bytes."""
    return Features(torch.full((tokens, 4), value), (torch.full((tokens, 4), -value),))


def cache(budget: int) -> TowerCache:
    return TowerCache(budget, lambda medium: medium.path)


def test_features_are_found_by_tower_and_name() -> None:
    kept = cache(2**20)
    assert kept.name(Medium("video", "a.mp4")) == "a.mp4"
    kept.put("one tower", "a", features(1.0))
    found = kept.get("one tower", "a")
    assert found is not None
    assert found.merged[0, 0] == 1.0 and found.deeper[0][0, 0] == -1.0
    assert kept.get("another", "a") is None
    assert kept.get("one tower", "b") is None
    assert kept.counts() == {"tower_hits": 1.0, "tower_computed": 1.0}
    assert kept.counts() == {"tower_hits": 0.0, "tower_computed": 0.0}


def test_what_was_used_longest_ago_goes_first() -> None:
    kept = cache(2 * features(0.0).nbytes)
    kept.put("tower", "a", features(1.0))
    kept.put("tower", "b", features(2.0))
    assert kept.get("tower", "a") is not None
    kept.put("tower", "c", features(3.0))
    assert kept.get("tower", "b") is None
    assert kept.get("tower", "a") is not None and kept.get("tower", "c") is not None


def test_what_is_larger_than_the_budget_is_kept_alone() -> None:
    kept = cache(100)
    kept.put("tower", "a", features(1.0, tokens=2))
    kept.put("tower", "b", features(2.0))
    assert kept.get("tower", "a") is None
    assert kept.get("tower", "b") is not None


def test_joined_features_stand_one_after_the_other() -> None:
    both = joined([features(1.0, 1), features(2.0, 2)])
    assert both.merged[:, 0].tolist() == [1.0, 2.0, 2.0]
    assert both.deeper[0][:, 0].tolist() == [-1.0, -2.0, -2.0]
    assert joined([Features(torch.ones(1, 4))]).deeper == ()
