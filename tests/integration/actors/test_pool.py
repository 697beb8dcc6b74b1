"""Engines that die are replaced: nothing is lost, and successors serve what the last sync gave."""

from __future__ import annotations

import pytest
import ray

from rl.run.workers import Workers
from rollout.rows import RowData
from rollout.samples import SamplingSpec
from tests.integration.actors.inside import change_weights, kill_vllm, wait_until_all_serve, within

pytestmark = pytest.mark.timeout(400)


def test_an_engine_that_dies_loses_nothing(workers: Workers, rows: RowData) -> None:
    prompts = workers.prompts(rows, rows.indices_by_task()["rationale"][:24], "many")
    victim = workers.engines.slots[1]
    answers = []
    for prompt, _ in workers.engines.generate(prompts, SamplingSpec(32, 64)):
        answers.append(prompt.key)
        if len(answers) == 2:
            assert victim.load
            ray.kill(victim.actor)
    assert sorted(answers) == sorted(prompt.key for prompt in prompts)
    assert workers.engines.deaths == victim.deaths == 1


def test_when_all_engines_die_successors_take_the_last_weights_and_go_on(workers: Workers, rows: RowData, version: int) -> None:
    prompts = workers.prompts(rows, rows.indices_by_task()["rationale"][:24], "more")
    found = {}
    for prompt, group in workers.engines.generate(prompts, SamplingSpec(32, 64)):
        if not found:
            within(workers.engines.slots[0].actor, kill_vllm)
            ray.kill(workers.engines.slots[1].actor)
        found[prompt.key] = ray.get(group)
    assert set(found) == {prompt.key for prompt in prompts}
    assert {span.version for group in found.values() for sample in group.samples for span in sample.versions} == {version}
    assert workers.engines.deaths == 2
    wait_until_all_serve(workers)
    change_weights(workers)
    assert workers.sync.sync(version + 1).logprob_diff < 1e-4


def test_a_sync_to_a_dead_engine_goes_on_with_the_others(workers: Workers, version: int) -> None:
    ray.kill(workers.engines.slots[1].actor)
    change_weights(workers)
    assert workers.sync.sync(version + 1).logprob_diff < 1e-4
    assert [slot.serving for slot in workers.engines.slots] == [True, False]
    assert workers.engines.deaths == 1


def test_the_idle_share_is_what_the_engines_clocks_say(workers: Workers, rows: RowData) -> None:
    workers.engines.idle_share()
    assert workers.engines.idle_share() == pytest.approx(1.0, abs=0.01)
    workers.engines.groups(workers.prompts(rows, range(16), "busy"), SamplingSpec(8, 64))
    assert 0.0 <= workers.engines.idle_share() < 0.9
