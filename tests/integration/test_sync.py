"""Engine and learner agree after a sync, on real vLLM and DeepSpeed; every way in which they could not is noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ray
from safetensors.torch import load, save

from actors.engine import StaleEngine
from rewards.grammar import parse
from rl.config import Config
from rl.preparation import Splits
from rl.run_directory import RunDirectory
from rl.team import SyncMismatch, Team, launch
from rollout.rows import RowData, open_rows
from rollout.samples import Prompt, SamplingSpec
from tests.integration.agreement import assert_media_agree

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def rows(faces: Path) -> RowData:
    return open_rows(faces / "train.jsonl")


@pytest.fixture(scope="module")
def team(cluster: None, config: Config, rows: RowData, media_rows: Path) -> Iterator[Team]:
    others = open_rows(media_rows)
    with launch(config, RunDirectory.create(config), Splits(rows, others, others)) as started:
        yield started


@pytest.fixture(scope="module")
def prompts(team: Team, rows: RowData) -> list[Prompt]:
    return team.prompts(rows, rows.indices_by_task()["rationale"][:6], "test")


def send(team: Team, version: int, without: str) -> None:
    """Give the engines the weights less the one that is called so, as an engine on another node gets them."""
    shipment = team.learners.weights(checksum=False, timeout=60)
    image = load(ray.get(team.learners.weight_copy()).tobytes())
    del image[next(name for name in image if name.endswith(without))]
    partial = ray.put(np.frombuffer(save(image), dtype=np.uint8))
    team.rollouts.load(replace(shipment, node="another"), lambda: partial, version)


def change_weights(team: Team) -> None:
    """Move the learner well away from what the engines have."""
    for _ in range(2):
        team.learners.tune(list(range(8)), learning_rate=1e-2)


def test_an_engine_serves_nothing_before_its_first_sync(team: Team, prompts: list[Prompt]) -> None:
    with pytest.raises(ray.exceptions.RayTaskError) as error:
        team.rollouts.groups(prompts[:1], SamplingSpec(1, 4))
    assert isinstance(error.value.cause, StaleEngine)


def test_engine_and_learner_agree_after_each_sync(team: Team, prompts: list[Prompt]) -> None:
    for version in (1, 2, 3):
        change_weights(team)
        synced = team.sync(version, prompts[0])
        assert synced.logprob_diff < 1e-4
        assert synced.report.version == version
        assert synced.report.pause_seconds > 0


def test_prompts_are_the_same_on_both_sides_and_vision_ids_never_sampled(team: Team, prompts: list[Prompt], encoder) -> None:
    groups = team.rollouts.groups(prompts, SamplingSpec(8, 64))
    for prompt, group in zip(prompts, groups, strict=True):
        assert (prompt.encoded.ids == encoder.vision_tokens[0]).sum() == 8
        for sample in group.samples:
            np.testing.assert_array_equal(sample.prompt_ids, prompt.encoded.ids)
            assert sample.version == 3
            assert len(sample.ids) == len(sample.log_probs)
            assert not set(sample.ids.tolist()) & set(encoder.banned_ids)
            assert np.isfinite(sample.log_probs).all()


def test_images_and_several_clips_are_the_same_on_both_sides(team: Team, media_rows: Path) -> None:
    assert_media_agree(team, open_rows(media_rows))


def test_structured_rationales_keep_the_grammar_and_other_tasks_are_free(
    team: Team, rows: RowData, prompts: list[Prompt]
) -> None:
    (group,) = team.rollouts.groups(prompts[:1], SamplingSpec(8, 120, structured=True))
    question = team.prompts(rows, rows.indices_by_task()["emotion_single"][:1], "free")
    (free,) = team.rollouts.groups(question, SamplingSpec(8, 24, structured=True))
    for sample in group.samples:
        assert re.match(r"<tree>\n(attribute|person [1-9]\d?\nattribute)\na", sample.text)
        defects = {defect.kind for defect in parse(sample.text).defects}
        cut_off = {"unclosed_tree", "missing_level", "empty_level", "no_answer", "unclosed_answer", "unknown_line"}
        of_meaning = {"unknown_reference", "orphan_expression", "duplicate_id"}  # beyond a grammar
        assert defects <= of_meaning | (cut_off | {"no_evidence"} if sample.finish_reason == "length" else set())
    assert not any(sample.text.startswith("<tree>") for sample in free.samples)


def test_a_skipped_sync_is_noticed(team: Team, prompts: list[Prompt]) -> None:
    change_weights(team)
    assert team.logprob_difference(prompts[0]) > 1e-3
    assert team.sync(4, prompts[0]).logprob_diff < 1e-4


def test_a_tied_head_left_behind_is_noticed(team: Team, prompts: list[Prompt]) -> None:
    change_weights(team)
    try:
        send(team, 5, without="lm_head.weight")
    except ray.exceptions.RayTaskError as refused:
        assert "lm_head" in str(refused)
    else:
        assert team.logprob_difference(prompts[0]) > 1e-3
    assert team.sync(6, prompts[0]).logprob_diff < 1e-4


def test_a_stale_cache_is_noticed(team: Team, prompts: list[Prompt]) -> None:
    async def no_reset(self) -> None:
        pass

    engine = team.rollouts.seats[0].actor
    ray.get(engine.__ray_call__.remote(lambda self: setattr(type(self), "_kept", type(self).reset_caches)))
    ray.get(engine.__ray_call__.remote(lambda self: setattr(type(self), "reset_caches", no_reset)))
    change_weights(team)
    with pytest.raises(SyncMismatch, match="stale"):
        team.sync(7, prompts[0])
    ray.get(engine.__ray_call__.remote(lambda self: setattr(type(self), "reset_caches", type(self)._kept)))
    assert team.sync(8, prompts[0]).logprob_diff < 1e-4


def test_an_incomplete_image_is_refused(team: Team, prompts: list[Prompt]) -> None:
    with pytest.raises(ray.exceptions.RayTaskError, match="left 1 engine parameters"):
        send(team, 9, without="layers.1.mlp.down_proj.weight")
