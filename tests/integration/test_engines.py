"""Two real engines and a learner: they agree after a sync, what could keep them from it is noticed, what dies is replaced.

The tests build on one another: versions rise, and the last ones kill actors.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
import ray
from safetensors.torch import load, save

from actors.engine.actor import StaleEngine
from actors.learners.ranks import LearnerLost
from actors.sync.memory import MemoryTransfer
from actors.sync.round import SyncTimeout
from actors.sync.weight_sync import Deliveries
from rewards.tree.parser import parse
from rl.config.schema import Config
from rl.record.directory import Progress, RunDirectory
from rl.record.endings import mendable
from rl.record.results import Results
from rl.record.tracking import Tracker
from rl.run.preparation import Splits
from rl.run.state import Run
from rl.run.workers import SyncMismatch, Workers, launch
from rl.train import grpo
from rollout.media import ClipSpec
from rollout.prompts import MediaStore
from rollout.rows import RowData, open_rows
from rollout.samples import Group, LearnItem, Prompt, SamplingSpec
from tests.integration.agreement import assert_media_agree

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def rows(faces: Path) -> RowData:
    return open_rows(faces / "train.jsonl")


@pytest.fixture(scope="module")
def workers(cluster: None, config: Config, rows: RowData, media_rows: Path) -> Iterator[Workers]:
    others = open_rows(media_rows)
    config = replace(config, rollout=replace(config.rollout, engines=2, checksum=True))
    with launch(config, RunDirectory.create(config), Splits(rows, others, others)) as started:
        yield started


@pytest.fixture(scope="module")
def prompts(workers: Workers, rows: RowData) -> list[Prompt]:
    return workers.prompts(rows, rows.indices_by_task()["rationale"][:6], "test")


def send(workers: Workers, version: int, without: str) -> None:
    """Give the engines the weights less the one that is called so, as an engine on another node gets them."""
    shipment = workers.learners.weights(checksum=False, timeout=60)
    image = load(ray.get(workers.learners.weight_copy()).tobytes())
    del image[next(name for name in image if name.endswith(without))]
    partial = ray.put(np.frombuffer(save(image), dtype=np.uint8))
    workers.engines.load(MemoryTransfer(lambda: replace(shipment, node="another"), lambda: partial), version)


def within(actor: Any, function: Callable[[Any], Any]) -> Any:
    """Call a function on an actor's object, in its process."""
    return ray.get(actor.__ray_call__.remote(function), timeout=60)


def kill_vllm(engine: Any) -> None:
    """As the system does to the process with the model, when memory runs out."""
    for process in psutil.Process().children(recursive=True):
        process.kill()


def vllm_processes(engine: Any) -> list[int]:
    """As vLLM itself keeps them: by name or parent they are not always found in a process namespace."""
    return [process.pid for process in engine.llm.engine_core.resources.engine_manager.processes]


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def set_in_flight(workers: Workers, mode: str) -> None:
    for seat in workers.engines.seats:
        within(seat.actor, lambda self: setattr(self, "spec", replace(self.spec, in_flight=mode)))


def start_over(workers: Workers) -> None:
    """Back to the random model, which writes long texts of everything."""
    workers.learners.restart(within(workers.learners.ranks[0], lambda self: self.learner.spec.model))


def change_weights(workers: Workers) -> None:
    """Move the learner well away from what the engines have."""
    for _ in range(2):
        workers.learners.tune(list(range(8)), learning_rate=1e-2)


def test_an_engine_serves_nothing_before_its_first_sync(workers: Workers, prompts: list[Prompt]) -> None:
    with pytest.raises(ray.exceptions.RayTaskError) as error:
        workers.engines.groups(prompts[:1], SamplingSpec(1, 4))
    assert isinstance(error.value.cause, StaleEngine)


def test_engine_and_learner_agree_after_each_sync(workers: Workers, prompts: list[Prompt]) -> None:
    for version in (1, 2, 3):
        change_weights(workers)
        synced = workers.sync(version, prompts[0])
        assert synced.logprob_diff < 1e-4
        assert synced.report.version == version
        assert synced.report.pause_seconds > 0


def test_prompts_are_the_same_on_both_sides_and_vision_ids_never_sampled(workers: Workers, prompts: list[Prompt], encoder) -> None:
    groups = workers.engines.groups(prompts, SamplingSpec(8, 64))
    for prompt, group in zip(prompts, groups, strict=True):
        assert (prompt.encoded.ids == encoder.vision_tokens[0]).sum() == 8
        for sample in group.samples:
            np.testing.assert_array_equal(sample.prompt_ids, prompt.encoded.ids)
            assert sample.version == 3
            assert len(sample.ids) == len(sample.log_probs)
            assert not set(sample.ids.tolist()) & set(encoder.banned_ids)
            assert np.isfinite(sample.log_probs).all()


def test_images_and_several_clips_are_the_same_on_both_sides(workers: Workers, media_rows: Path) -> None:
    assert_media_agree(workers, open_rows(media_rows))


def test_a_prompt_that_leaves_no_room_is_told_with_its_files(workers: Workers, rows: RowData) -> None:
    row = replace(rows[0], question="<video>" + "Who smiles? " * 300)
    (encoded,) = workers.learners.encode([row])
    with pytest.raises(Exception, match=r"rollout\.max_model_len = 512") as told:
        workers.engines.groups([Prompt("long", row, encoded)], SamplingSpec(1, 8))
    assert str(mendable(told.value)).startswith(f"prompt long ({row.media[0].path}) has {len(encoded.ids)} tokens")


def test_structured_rationales_keep_the_grammar_and_other_tasks_are_free(
    workers: Workers, rows: RowData, prompts: list[Prompt]
) -> None:
    (group,) = workers.engines.groups(prompts[:1], SamplingSpec(8, 120, structured=True))
    question = workers.prompts(rows, rows.indices_by_task()["emotion_single"][:1], "free")
    (free,) = workers.engines.groups(question, SamplingSpec(8, 24, structured=True))
    for sample in group.samples:
        assert re.match(r"<tree>\n(attribute|person [1-9]\d?\nattribute)\na", sample.text)
        defects = {defect.kind for defect in parse(sample.text).defects}
        cut_off = {"unclosed_tree", "missing_level", "empty_level", "no_answer", "unclosed_answer", "unknown_line"}
        of_meaning = {"unknown_reference", "orphan_expression", "duplicate_id"}  # beyond a grammar
        assert defects <= of_meaning | (cut_off | {"no_evidence"} if sample.finish_reason == "length" else set())
    assert not any(sample.text.startswith("<tree>") for sample in free.samples)


def test_a_skipped_sync_is_noticed(workers: Workers, prompts: list[Prompt]) -> None:
    change_weights(workers)
    assert workers.logprob_difference(prompts[0]) > 1e-3
    assert workers.sync(4, prompts[0]).logprob_diff < 1e-4


def test_a_tied_head_left_behind_is_noticed(workers: Workers, prompts: list[Prompt]) -> None:
    change_weights(workers)
    try:
        send(workers, 5, without="lm_head.weight")
    except ray.exceptions.RayTaskError as refused:
        assert "lm_head" in str(refused)
    else:
        assert workers.logprob_difference(prompts[0]) > 1e-3
    assert workers.sync(6, prompts[0]).logprob_diff < 1e-4


def test_a_stale_cache_is_noticed(workers: Workers, prompts: list[Prompt]) -> None:
    async def no_reset(self) -> None:
        pass

    engine = workers.engines.seats[0].actor
    within(engine, lambda self: setattr(type(self), "_kept", type(self).reset_caches))
    within(engine, lambda self: setattr(type(self), "reset_caches", no_reset))
    change_weights(workers)
    with pytest.raises(SyncMismatch, match="stale"):
        workers.sync(7, prompts[0])
    within(engine, lambda self: setattr(type(self), "reset_caches", type(self)._kept))
    assert workers.sync(8, prompts[0]).logprob_diff < 1e-4


def test_an_incomplete_image_is_refused(workers: Workers, prompts: list[Prompt]) -> None:
    with pytest.raises(ray.exceptions.RayTaskError, match="only parts of 1 engine layers"):
        send(workers, 9, without="layers.1.mlp.up_proj.weight")
    with pytest.raises(ray.exceptions.RayTaskError, match="left 1 engine parameters"):
        send(workers, 9, without="layers.1.mlp.down_proj.weight")
    assert workers.sync(10, prompts[0]).logprob_diff < 1e-4


@contextmanager
def by_broadcast(workers: Workers) -> Iterator[None]:
    before = workers.deliveries
    workers.deliveries = Deliveries(workers.learners, replace(workers.config.rollout, transfer="broadcast"), adapter_alone=False)
    try:
        yield
    finally:
        workers.deliveries = before


def test_weights_come_by_broadcast_too(workers: Workers, prompts: list[Prompt]) -> None:
    with by_broadcast(workers):
        for version in (11, 12):  # the second in the group that met for the first
            change_weights(workers)
            synced = workers.sync(version, prompts[0])
            assert synced.logprob_diff < 1e-4
            assert synced.report.bytes > 1_000_000
    assert workers.sync(13, prompts[0]).logprob_diff < 1e-4


@pytest.mark.parametrize("fps", [1.0, 4.0, 7.5, 2.0])
def test_positions_agree_at_any_rate(workers: Workers, rows: RowData, config: Config, fps: float) -> None:
    """Ends with the rate that the other tests' prompts have."""
    store = MediaStore(ClipSpec(fps, config.data.max_frames, config.data.max_pixels), 2**24)
    for seat in workers.engines.seats:
        within(seat.actor, lambda self: setattr(self.requests, "store", store))
    within(workers.learners.ranks[0], lambda self: setattr(self.learner.encoder, "store", store))
    within(workers.learners.ranks[0], lambda self: self.learner.encoder._pixels.clear())
    (prompt,) = workers.prompts(rows, rows.indices_by_task()["rationale"][:1], f"at{fps}")
    assert workers.logprob_difference(prompt) < 1e-4


def test_tree_shaped_groups_are_draws_of_the_policy(workers: Workers, prompts: list[Prompt]) -> None:
    start_over(workers)
    workers.load(20)

    def stop_early(self) -> None:
        import rollout.tree_sampling

        rollout.tree_sampling.HEADERS = ("e", "a")  # which a model that cannot write trees yet soon writes

    for seat in workers.engines.seats:
        within(seat.actor, stop_early)
    groups = workers.engines.groups(prompts[:2], SamplingSpec(8, 200, branching=(2, 2, 2)))
    for group in groups:
        whole = [sample for sample in group.samples if len(sample.path) == 3]
        assert len(whole) > 4  # the others reached no header
        for sample, path in zip(group.samples, itertools.product(range(2), repeat=3), strict=True):
            assert sample.path == path[: len(sample.path)]
            assert sample.ends[-1] == len(sample.ids) == sum(span.tokens for span in sample.versions)
            assert "e" in (start := sample_text(workers, sample.ids[: sample.ends[0]])) and sample.text.startswith(start)
        for one, other in itertools.combinations(whole, 2):
            shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one.path, other.path, strict=True)))
            until = one.ends[shared - 1] if shared else 0
            assert np.array_equal(one.ids[:until], other.ids[:until])
            assert not np.array_equal(one.ids[: until + 8], other.ids[: until + 8])
        items = [LearnItem(group.prompt.encoded, sample.ids, sample.log_probs, 0.0) for sample in group.samples]
        for ours, sample in zip(workers.learners.log_probs(items), group.samples, strict=True):
            np.testing.assert_allclose(ours, sample.log_probs, atol=1e-4)


def sample_text(workers: Workers, ids: np.ndarray) -> str:
    return within(workers.learners.ranks[0], lambda self: self.learner.encoder.decode(ids))


def test_a_seed_repeats_under_another_load(workers: Workers, rows: RowData) -> None:
    indices = rows.indices_by_task()["rationale"]
    sampling = SamplingSpec(16, 8, seed=5)
    alone = workers.engines.groups(workers.prompts(rows, indices[:1], "seeded"), sampling)[0]
    among = workers.engines.groups(workers.prompts(rows, indices[:48], "seeded"), sampling)[0]  # more than one step's tokens
    for one, other in zip(alone.samples, among.samples, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
    assert len({sample.ids.tobytes() for sample in alone.samples}) == 16


def sync_in_flight(workers: Workers, prompts: list[Prompt], version: int, mode: str) -> list[Group]:
    """Load new weights while groups are being drawn; gives the groups."""
    set_in_flight(workers, mode)
    start_over(workers)
    workers.learners.tune(list(range(8)), learning_rate=1e-4 * (version - 20))
    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(workers.engines.groups, prompts, SamplingSpec(8, 400))
        time.sleep(0.3)
        workers.load(version)
        return drawing.result(timeout=120)


def test_what_is_being_drawn_at_a_sync_is_waited_for_aborted_or_kept(workers: Workers, prompts: list[Prompt]) -> None:
    for version, mode in ((21, "wait"), (22, "abort"), (23, "keep")):
        groups = sync_in_flight(workers, prompts, version, mode)
        samples = [sample for group in groups for sample in group.samples]
        assert len(samples) == 8 * len(prompts)
        assert all(sum(span.tokens for span in sample.versions) == len(sample.ids) for sample in samples)
        spans = {tuple(span.version for span in sample.versions) for sample in samples}
        if mode == "keep":
            assert (22, 23) in spans and spans <= {(22,), (22, 23), (23,)}
        else:
            assert spans == {(20,) if mode == "wait" else (22,)}
    items = [LearnItem(group.prompt.encoded, s.ids, s.log_probs, 0.0) for group in groups for s in group.samples]
    for ours, sample in zip(workers.learners.log_probs(items), samples, strict=True):
        if len(sample.versions) == 2:
            kept = sample.versions[0].tokens
            np.testing.assert_allclose(ours[kept:], sample.log_probs[kept:], atol=1e-4)
            assert np.abs(ours[:kept] - sample.log_probs[:kept]).max() > 1e-3
    set_in_flight(workers, "wait")


def test_learning_runs_ahead_on_groups_sampled_as_trees(workers: Workers, config: Config, rows: RowData) -> None:
    start_over(workers)
    workers.load(30)
    grpo_config = replace(config.grpo, steps=4, staleness=1, correction="truncate", credit="branch", group=8, resample=0, kl=0.0)
    one = replace(config, grpo=grpo_config, rollout=replace(config.rollout, branching=[2, 2, 2]))
    one = replace(one, evaluation=replace(one.evaluation, every=0), tracking=replace(one.tracking, mlflow=False))
    directory, splits = RunDirectory.create(one), Splits(rows, rows, rows)
    tracker = Tracker(one, directory, print)
    run = Run(one, directory, splits, tracker, workers, Results.open(one, directory, splits, tracker), Progress("grpo", 0, 30))
    workers.learners.call("save_model", str(directory.tuned_model))
    grpo(run)
    metrics = [record["metrics"] for record in directory.metrics()]
    assert [m["rollout/age_max"] for m in metrics] == [0.0, 1.0, 1.0, 1.0]
    assert [m["rollout/stale"] for m in metrics] == [0.0] * 4
    assert all(0.0 <= m["rollout/idle_share"] <= 1.0 and 0.0 < m["learner/idle_share"] < 1.0 for m in metrics)
    assert all(np.isfinite(m["learner/loss"]) for m in metrics)
    drawn = pq.read_table(directory.rollouts / "step_2.parquet").to_pylist()
    assert len(drawn) == 8 * config.grpo.prompts
    assert {len(row["path"]) for row in drawn} <= {1, 2, 3}
    assert all(sum(tokens for _, tokens in row["versions"]) == len(row["completion_ids"]) for row in drawn)
    assert {version for row in drawn for version, _ in row["versions"]} <= {30, 31}


def test_an_engine_that_dies_loses_nothing(workers: Workers, rows: RowData) -> None:
    workers.load(40)
    many = workers.prompts(rows, rows.indices_by_task()["rationale"][:24], "many")
    victim = workers.engines.seats[1]
    answers = []
    for prompt, _ in workers.engines.generate(many, SamplingSpec(32, 64)):
        answers.append(prompt.key)
        if len(answers) == 2:
            assert victim.load
            ray.kill(victim.actor)
    assert sorted(answers) == sorted(prompt.key for prompt in many)
    assert workers.engines.deaths == victim.deaths == 1


def test_when_the_last_engine_dies_successors_take_the_last_weights_and_go_on(workers: Workers, rows: RowData) -> None:
    prompts = workers.prompts(rows, rows.indices_by_task()["rationale"][:24], "more")
    found = {}
    for prompt, group in workers.engines.generate(prompts, SamplingSpec(32, 64)):
        if not found:  # while the other's successor is loading
            within(workers.engines.seats[0].actor, kill_vllm)
        found[prompt.key] = ray.get(group)
    assert set(found) == {prompt.key for prompt in prompts}
    assert {span.version for group in found.values() for sample in group.samples for span in sample.versions} == {40}
    assert workers.engines.deaths == 2
    wait_until_all_serve(workers, prompts)
    assert workers.sync(44, prompts[0]).logprob_diff < 1e-4


def wait_until_all_serve(workers: Workers, prompts: list[Prompt]) -> None:
    deadline = time.monotonic() + 180
    while not all(seat.serving for seat in workers.engines.seats):
        assert time.monotonic() < deadline
        workers.engines.groups(prompts[:1], SamplingSpec(1, 4))
        time.sleep(1)


def test_an_engine_that_dies_in_a_broadcast_keeps_no_other_from_the_weights(workers: Workers, prompts: list[Prompt]) -> None:
    async def die(self, version, where) -> None:
        import asyncio

        await asyncio.sleep(0.5)  # until the others are waiting for it
        os._exit(1)

    change_weights(workers)
    with by_broadcast(workers):
        assert workers.sync(45, prompts[0]).logprob_diff < 1e-4
        within(workers.engines.seats[1].actor, lambda self: setattr(type(self), "_become", die))
        orphans = within(workers.engines.seats[1].actor, vllm_processes)
        change_weights(workers)
        assert workers.sync(46, prompts[0]).logprob_diff < 1e-4
        assert [seat.serving for seat in workers.engines.seats] == [True, False]
        assert orphans and not any(running(pid) for pid in orphans)
        wait_until_all_serve(workers, prompts)  # through memory, since nobody else is to be bothered
        assert workers.logprob_difference(prompts[0]) < 1e-4


def test_a_sync_to_a_dead_engine_goes_on_with_the_others(workers: Workers, prompts: list[Prompt]) -> None:
    ray.kill(workers.engines.seats[1].actor)
    assert workers.sync(47, prompts[0]).logprob_diff < 1e-4
    assert [seat.serving for seat in workers.engines.seats] == [True, False]
    assert workers.engines.deaths == 4


def test_a_sync_that_hangs_ends_with_the_name_of_who_did_not_finish(workers: Workers) -> None:
    async def hang(self) -> None:
        import asyncio

        await asyncio.sleep(1000)

    within(workers.engines.seats[0].actor, lambda self: setattr(type(self), "reset_caches", hang))
    workers.engines.sync_timeout = 3.0
    with pytest.raises(SyncTimeout, match=r"engine 0: did not take the weights of version 48 .* within 3 s"):
        workers.load(48)


def test_a_learner_that_dies_while_it_sends_is_named(workers: Workers) -> None:
    within(workers.learners.ranks[0], lambda self: setattr(self.learner, "write_weights", lambda checksum: os._exit(1)))
    with pytest.raises(LearnerLost, match="learner rank 0 died while it wrote the weights"):
        workers.load(49)
