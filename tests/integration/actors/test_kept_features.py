"""Where the vision side is frozen, engines keep its features over a sync, and nothing else that older weights computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import ray

from actors.engine.cache_counts import CacheCounts
from actors.sync.weight_sync import SyncMismatch
from rl.run.workers import Workers
from rollout.rows.data import RowData
from rollout.samples import Group, Prompt, SamplingSpec
from tests.integration.actors.inside import change_weights, learner_log_probs, replaced

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def frozen(workers: Workers) -> Iterator[None]:
    """Engines are told that the vision side is frozen. What `change_weights` learns from has no media and leaves it as it is."""
    spec = workers.engines.spec
    told = replace(spec, model=replace(spec.model, freeze=["vision", "projector"]))
    with ExitStack() as until_done:
        for slot in workers.engines.slots:
            until_done.enter_context(replaced(slot.actor, "spec", told))
        yield


def ask(workers: Workers, prompt: Prompt) -> tuple[Group, CacheCounts]:
    """One sample of a prompt by the first engine, and what its caches saved."""
    engine = workers.engines.slots[0].actor
    before = ray.get(engine.cache_counts.remote(), timeout=60)
    _, group = ray.get(engine.generate.remote(prompt, SamplingSpec(1, 8)), timeout=60)
    return group, ray.get(engine.cache_counts.remote(), timeout=60).since(before)


def shown(prompt: Prompt) -> int:
    """Tokens that show something."""
    return int((prompt.encoded.medium_at >= 0).sum())


def difference(workers: Workers, group: Group) -> float:
    (ours,), (sample,) = learner_log_probs(workers, group), group.samples
    return float(np.abs(ours - sample.log_probs).max())


@pytest.mark.usefixtures("frozen")
def test_the_tower_does_not_run_again_after_a_sync(workers: Workers, prompts: list[Prompt], version: int) -> None:
    ask(workers, prompts[0])
    for again in (1, 2):
        change_weights(workers)
        workers.sync.load(version + again)
        group, saved = ask(workers, prompts[0])
        assert difference(workers, group) < 1e-4
        assert saved == CacheCounts(len(prompts[0].encoded.ids), 0, shown(prompts[0]), shown(prompts[0]))
    change_weights(workers)
    assert workers.sync.sync(version + 3).logprob_diff < 1e-4  # whose probe is about a clip, too


@pytest.mark.usefixtures("frozen")
def test_a_tower_that_changed_all_the_same_is_noticed(workers: Workers, rows: RowData, version: int) -> None:
    assert workers.sync.logprob_difference(workers.sync.probe.prompt) < 1e-4  # which leaves it in the caches
    for _ in range(2):
        workers.learners.sft([rows[index] for index in range(4)], learning_rate=1e-2)
    with pytest.raises(SyncMismatch, match="stale"):
        workers.sync.sync(version + 1)


def test_a_tower_that_is_trained_runs_again_after_a_sync(workers: Workers, prompts: list[Prompt], version: int) -> None:
    ask(workers, prompts[0])
    change_weights(workers)
    workers.sync.load(version + 1)
    group, saved = ask(workers, prompts[0])
    assert difference(workers, group) < 1e-4
    assert saved == CacheCounts(len(prompts[0].encoded.ids), 0, shown(prompts[0]), 0)
