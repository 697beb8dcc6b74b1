"""Engines that die are replaced: nothing is lost, and successors serve what the last sync gave."""

from __future__ import annotations

import pytest
import ray

from rl.run.workers import Workers
from rollout.rows.data import RowData
from rollout.samples import Group, SamplingSpec
from tests.integration.actors.inside import change_weights, kill_vllm, wait_until_all_serve, within

pytestmark = pytest.mark.timeout(400)


def test_the_idle_share_is_what_the_engines_clocks_say(workers: Workers, rows: RowData) -> None:
    workers.engines.idle_share()
    assert workers.engines.idle_share() == pytest.approx(1.0, abs=0.01)
    workers.engines.groups(workers.prompts(rows, range(16), "busy"), SamplingSpec(8, 64))
    assert 0.0 <= workers.engines.idle_share() < 0.9


def test_engines_that_die_lose_nothing_even_if_all_do(workers: Workers, rows: RowData, version: int) -> None:
    prompts = workers.prompts(rows, rows.indices_by_task()["rationale"][:24], "many")
    first, last = workers.engines.slots
    found: dict[str, Group] = {}
    for prompt, group in workers.engines.generate(prompts, SamplingSpec(32, 64)):
        assert prompt.key not in found
        found[prompt.key] = ray.get(group)
        if len(found) == 2:
            assert first.load
            ray.kill(first.actor)
        if len(found) == 4:  # while the other's successor is loading
            assert last.load
            within(last.actor, kill_vllm)
    assert set(found) == {prompt.key for prompt in prompts}
    spans = {span for group in found.values() for sample in group.samples for span in sample.versions}
    assert {span.version for span in spans} == {version}  # successors were given what the last sync gave
    assert (first.deaths, last.deaths, workers.engines.deaths) == (1, 1, 2)
    wait_until_all_serve(workers)
    change_weights(workers)
    assert workers.sync.sync(version + 1).logprob_diff < 1e-4
