"""Syncs on real engines: engine and learner agree afterwards, and what could keep them from it is noticed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import ray
from safetensors.torch import load, save

from actors.engine.continuing import StaleEngine
from actors.pool.slot import Engine
from actors.sync.memory import MemoryTransfer
from actors.sync.round import SyncTimeout
from actors.sync.weight_sync import SyncMismatch
from rl.run.workers import Workers
from rollout.samples import Group, Prompt, SamplingSpec
from tests.integration.actors.conftest import Launched
from tests.integration.actors.inside import LESSONS, change_weights, learner_log_probs, replaced, through, within

pytestmark = pytest.mark.timeout(400)


class WithoutOne(MemoryTransfer):
    """Sends all weights but one, as to an engine on another node."""

    def __init__(self, workers: Workers, without: str) -> None:
        super().__init__(workers.learners, replace(workers.engines.spec.rollout, checksum=False))
        self._without = without

    def places(self, engines: Sequence[Engine]) -> list[tuple[Any, Any]]:
        image = load(ray.get(self._learners.weight_copy()).tobytes())
        del image[next(name for name in image if name.endswith(self._without))]
        partial = ray.put(np.frombuffer(save(image), dtype=np.uint8))
        return [(self._handle, partial)] * len(engines)


def test_an_engine_serves_nothing_before_its_first_sync(launched: Launched) -> None:
    assert isinstance(launched.too_early, StaleEngine)


def test_engine_and_learner_agree_after_each_sync(workers: Workers, version: int) -> None:
    for again in (1, 2):
        change_weights(workers)
        synced = workers.sync.sync(version + again)
        assert synced.logprob_diff < 1e-4
        assert synced.report.version == version + again
        assert synced.report.pause_seconds > 0


def test_a_skipped_sync_is_noticed(workers: Workers, prompts: list[Prompt], version: int) -> None:
    change_weights(workers)
    assert workers.sync.logprob_difference(prompts[0]) > 1e-3
    assert workers.sync.sync(version + 1).logprob_diff < 1e-4


def test_a_tied_head_left_behind_is_noticed(workers: Workers, prompts: list[Prompt], version: int) -> None:
    change_weights(workers)
    try:
        with through(workers, WithoutOne(workers, "lm_head.weight")):
            workers.sync.load(version + 1)
    except ray.exceptions.RayTaskError as refused:
        assert "lm_head" in str(refused)
    else:
        assert workers.sync.logprob_difference(prompts[0]) > 1e-3
    assert workers.sync.sync(version + 2).logprob_diff < 1e-4


def test_a_stale_cache_is_noticed(workers: Workers, version: int) -> None:
    async def no_reset() -> None:
        pass

    assert workers.sync.logprob_difference(workers.sync.probe.prompt) < 1e-4  # which leaves it in the caches
    change_weights(workers)
    with replaced(workers.engines.slots[0].actor, "reset_caches", no_reset), pytest.raises(SyncMismatch, match="stale"):
        workers.sync.sync(version + 1)
    assert workers.sync.sync(version + 2).logprob_diff < 1e-4


@pytest.mark.parametrize(
    ("without", "said"),
    [("up_proj", "only parts of 1 engine layers"), ("down_proj", "left 1 engine parameters")],
)
def test_an_incomplete_image_is_refused(workers: Workers, version: int, without: str, said: str) -> None:
    lacking = WithoutOne(workers, f"layers.1.mlp.{without}.weight")
    with through(workers, lacking), pytest.raises(ray.exceptions.RayTaskError, match=said):
        workers.sync.load(version + 1)
    assert workers.sync.sync(version + 2).logprob_diff < 1e-4


class AsElsewhere(MemoryTransfer):
    """Sends all weights as to an engine on another node, and by name, so that parts of a layer do not lie side by side."""

    def places(self, engines: Sequence[Engine]) -> list[tuple[Any, Any]]:
        image = load(ray.get(self._learners.weight_copy()).tobytes())
        return [(self._handle, ray.put(np.frombuffer(save(image), dtype=np.uint8)))] * len(engines)


def test_weights_that_are_packed_where_they_lie_are_those_that_are_copied_first(workers: Workers, version: int) -> None:
    change_weights(workers)
    workers.sync.load(version + 1)
    probe = workers.sync.probe
    where_they_lie = workers.engines.probe(probe.prompt, probe.sampling)
    with through(workers, AsElsewhere(workers.learners, replace(workers.engines.spec.rollout, checksum=False))):
        workers.sync.load(version + 2)
    copied = workers.engines.probe(probe.prompt, probe.sampling)
    for one, other in zip(drawn(where_they_lie), drawn(copied), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_the_learner_writes_later_does_not_reach_an_engine(workers: Workers, version: int) -> None:
    change_weights(workers)
    workers.sync.load(version + 1)
    probe = workers.sync.probe
    before = workers.engines.probe(probe.prompt, probe.sampling)
    change_weights(workers)
    workers.learners.write_weights(checksum=False, timeout=60)
    for one, other in zip(drawn(before), drawn(workers.engines.probe(probe.prompt, probe.sampling)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert workers.sync.sync(version + 2).logprob_diff < 1e-4


def drawn(groups: Sequence[Group]) -> list[np.ndarray]:
    """Ids and log-probs of all samples."""
    return [array for group in groups for sample in group.samples for array in (sample.ids, sample.log_probs)]


def test_a_sync_that_hangs_ends_with_the_name_of_who_did_not_finish(
    workers: Workers, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(engine: Any) -> None:
        async def until_released() -> None:
            while "reset_caches" in vars(engine):
                await asyncio.sleep(0.05)

        engine.reset_caches = until_released

    monkeypatch.setattr(workers.sync, "timeout", 3.0)
    within(workers.engines.slots[0].actor, hang)
    with pytest.raises(SyncTimeout, match=rf"engine 0: did not take the weights of version {version + 1} .* within 3 s"):
        workers.sync.load(version + 1)
    within(workers.engines.slots[0].actor, lambda engine: delattr(engine, "reset_caches"))


def groups_begun(engine: Any) -> int:
    """Groups that vLLM is drawing; 0 until it has drawn a token of each of their samples."""
    drawn = [state.detokenizer.num_output_tokens() for state in engine.llm.output_processor.request_states.values()]
    return engine.clock._open if drawn and all(drawn) else 0


def sync_while_drawing(workers: Workers, prompts: list[Prompt], version: int, mode: str) -> list[Group]:
    """Load new weights while groups are being drawn; gives the groups."""
    with ExitStack() as until_done, ThreadPoolExecutor(1) as pool:
        for slot in workers.engines.slots:
            spec = replace(workers.engines.spec, rollout=replace(workers.engines.spec.rollout, in_flight=mode))
            until_done.enter_context(replaced(slot.actor, "spec", spec))
        workers.learners.sft(LESSONS, learning_rate=3e-4)
        drawing = pool.submit(workers.engines.groups, prompts, SamplingSpec(8, 400))
        while sum(within(slot.actor, groups_begun) for slot in workers.engines.slots) < len(prompts):
            time.sleep(0.02)
        workers.sync.load(version)
        return drawing.result(timeout=120)


@pytest.mark.parametrize("mode", ["wait", "abort", "keep"])
def test_what_is_being_drawn_at_a_sync_is_waited_for_aborted_or_kept(
    workers: Workers, prompts: list[Prompt], version: int, mode: str
) -> None:
    old, new = version, version + 1
    groups = sync_while_drawing(workers, prompts, new, mode)
    samples = [sample for group in groups for sample in group.samples]
    assert len(samples) == 8 * len(prompts)
    assert all(sum(span.tokens for span in sample.versions) == len(sample.ids) for sample in samples)
    spans = {tuple(span.version for span in sample.versions) for sample in samples}
    if mode != "keep":
        assert spans == {(old,) if mode == "wait" else (new,)}
        return
    assert (old, new) in spans and spans <= {(old,), (old, new), (new,)}
    for group in groups:
        for ours, sample in zip(learner_log_probs(workers, group), group.samples, strict=True):
            if len(sample.versions) == 2:
                kept = sample.versions[0].tokens
                np.testing.assert_allclose(ours[kept:], sample.log_probs[kept:], atol=1e-4)
                assert np.abs(ours[:kept] - sample.log_probs[:kept]).max() > 1e-3
