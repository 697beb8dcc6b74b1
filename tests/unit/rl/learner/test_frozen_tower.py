"""A frozen tower whose features are kept: exactly what it gives anew, and no second run for a medium."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rl.config.schema import LoraConfig, ModelConfig
from rl.learner.batch import TokenBatch
from rl.learner.frozen_tower import FrozenTower, tower_digest
from rl.learner.lora import add_adapters
from rl.learner.policy import Policy, freeze, load_model
from rl.learner.tower_cache import TowerCache
from rollout.families import FAMILIES
from rollout.prompts import PromptEncoder
from rollout.rows.data import open_rows
from rollout.samples import TokenGroup
from tests.unit.rl.learner.test_prefix_tree import Outcome, batch_of, groups, outcome, stir


def policy_of(path: Path, encoder: PromptEncoder, kept: str, dtype: torch.dtype = torch.float32) -> Policy:
    """A policy whose vision side is frozen, by LoRA or by itself; its features are not kept yet."""
    model = load_model(path, dtype)
    if kept == "lora":
        add_adapters(model, LoraConfig(4, 8.0, ["q_proj", "v_proj", "down_proj"]))
        stir(model)
    freeze(model, ["vision", "projector"])
    return Policy(model, encoder.banned_ids).train()


def keep(policy: Policy, encoder: PromptEncoder, budget: int = 2**28) -> TowerCache:
    """Have the policy keep features from now on."""
    cache = TowerCache(budget, encoder.store.name)
    policy.frozen_tower = FrozenTower(policy.model.model.visual, cache)
    return cache


def unseen(batch: TokenBatch) -> TokenBatch:
    """The batch with pixels that would make everything nan."""
    assert batch.pixel_values is not None
    return replace(batch, pixel_values=torch.full_like(batch.pixel_values, float("nan")))


def assert_close(found: Outcome, plain: Outcome) -> None:
    assert torch.allclose(found[0], plain[0], atol=1e-5)
    assert torch.allclose(found[1], plain[1], atol=1e-4)
    assert found[2].keys() == plain[2].keys()
    for name, gradient in plain[2].items():
        assert (found[2][name] - gradient).norm() / gradient.norm().clamp(min=1e-6) < 1e-4, name


def assert_identical(found: Outcome, other: Outcome) -> None:
    assert torch.equal(found[0], other[0])
    assert torch.equal(found[1], other[1])
    assert found[2].keys() == other[2].keys()
    assert all(torch.equal(found[2][name], gradient) for name, gradient in other[2].items())


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("kept", ["lora", "frozen"])
@pytest.mark.parametrize("family", FAMILIES)
def test_log_probs_and_gradients_are_those_of_the_tower(
    tiny_models, encoders, faces: Path, media_rows: Path, family: str, kept: str, checkpointing: bool
) -> None:
    encoder = encoders[family]
    policy = policy_of(tiny_models[family], encoder, kept)
    if checkpointing:
        policy.model.gradient_checkpointing_enable({"use_reentrant": False})
    batch = batch_of(groups(faces, media_rows, encoder, "mixed"), encoder, share=True)
    plain = outcome(policy, batch)
    assert not any("visual" in name for name in plain[2])
    cache = keep(policy, encoder)
    first = outcome(policy, batch)
    assert_close(first, plain)
    assert cache.counts() == {"tower_hits": 0.0, "tower_computed": float(len(batch.media))}
    assert_identical(outcome(policy, unseen(batch)), first)
    assert cache.counts() == {"tower_hits": float(len(batch.media)), "tower_computed": 0.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", FAMILIES)
def test_features_of_a_medium_depend_on_nothing_else_to_the_last_bit(
    tiny_models, encoders, faces: Path, media_rows: Path, family: str, dtype: torch.dtype
) -> None:
    encoder = encoders[family]
    policy = policy_of(tiny_models[family], encoder, "frozen", dtype)
    mixed = groups(faces, media_rows, encoder, "mixed")
    alone = [batch_of([group], encoder, share=True) for group in mixed if len(group.prompt.media) == 1]
    plain = [outcome(policy, batch) for batch in alone]
    cache = keep(policy, encoder)
    together = batch_of(mixed, encoder, share=True)
    first = outcome(policy, together)
    assert cache.counts()["tower_computed"] == len(together.media)
    for batch, expected in zip(alone, plain, strict=True):
        assert_identical(outcome(policy, unseen(batch)), expected)
    assert_identical(outcome(policy, unseen(together)), first)
    seen = policy.vision_features(together)
    assert seen is not None
    assert all(layer.dtype == dtype and not layer.requires_grad for layer in (seen.merged, *seen.deeper))
    assert len(seen.deeper) == len(policy.model.config.vision_config.deepstack_visual_indexes if family == "qwen3_vl" else ())


def test_text_alone_needs_no_tower(tiny_model: Path, encoder: PromptEncoder, faces: Path, media_rows: Path) -> None:
    policy = policy_of(tiny_model, encoder, "frozen")
    batch = batch_of(groups(faces, media_rows, encoder, "text"), encoder, share=True)
    plain = outcome(policy, batch)
    cache = keep(policy, encoder)
    assert_identical(outcome(policy, batch), plain)
    assert cache.counts() == {"tower_hits": 0.0, "tower_computed": 0.0}


def test_more_media_than_the_budget_holds_are_computed_again(
    tiny_model: Path, encoder: PromptEncoder, faces: Path, media_rows: Path
) -> None:
    policy = policy_of(tiny_model, encoder, "frozen")
    batch = batch_of(groups(faces, media_rows, encoder, "mixed"), encoder, share=True)
    cache = keep(policy, encoder, budget=1)
    first = outcome(policy, batch)
    cache.counts()
    assert_identical(outcome(policy, batch), first)
    assert cache.counts() == {"tower_hits": 1.0, "tower_computed": len(batch.media) - 1.0}  # the last is kept alone


def test_a_file_that_is_replaced_is_looked_at_again(
    tiny_model: Path, encoder: PromptEncoder, faces: Path, tmp_path: Path
) -> None:
    rows = open_rows(faces / "train.jsonl")
    row = rows[rows.indices_by_task()["rationale"][0]]
    clip = Path(shutil.copy(row.media[0].path, tmp_path))
    copied = replace(row, media=(replace(row.media[0], path=str(clip)),))
    batch = batch_of([TokenGroup(encoder.encode(copied), (encoder.reply_ids("a hat"),))], encoder, share=True)
    policy = policy_of(tiny_model, encoder, "frozen")
    cache = keep(policy, encoder)
    counts = []
    for _ in range(2):
        policy(batch)
        counts.append(cache.counts()["tower_computed"])
    os.utime(clip, (0, 0))
    policy(batch)
    assert [*counts, cache.counts()["tower_computed"]] == [1.0, 0.0, 1.0]


def test_policies_with_one_tower_share_its_features(
    tiny_model: Path, encoder: PromptEncoder, faces: Path, media_rows: Path
) -> None:
    batch = batch_of(groups(faces, media_rows, encoder, "mixed"), encoder, share=True)
    policy, reference = (policy_of(tiny_model, encoder, kept) for kept in ("lora", "frozen"))
    cache = keep(policy, encoder)
    policy(batch)
    reference.frozen_tower = FrozenTower(reference.model.model.visual, cache)
    found = reference(unseen(batch))[0]
    assert cache.counts() == {"tower_hits": float(len(batch.media)), "tower_computed": float(len(batch.media))}
    reference.frozen_tower = None
    assert torch.allclose(found, reference(batch)[0], atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_tower_has_another_digest(tiny_models, family: str) -> None:
    visual = load_model(tiny_models[family], torch.float32).model.visual
    digest = tower_digest(visual)
    assert tower_digest(load_model(tiny_models[family], torch.float32).model.visual) == digest
    assert tower_digest(load_model(tiny_models[family], torch.bfloat16).model.visual) != digest
    weight = next(visual.parameters()).data
    weight.view(-1)[0] = torch.nextafter(weight.view(-1)[0], torch.tensor(9.0))
    assert tower_digest(visual) != digest
    other = load_model(tiny_models[family], torch.float32).model.visual
    other.config.spatial_merge_size += 1
    assert tower_digest(other) != digest


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("lora", [None, LoraConfig(4, 8.0)])
@pytest.mark.parametrize("modules", [[], ["vision"], ["projector"], ["projector", "vision"]])
def test_the_config_tells_whether_all_of_the_vision_side_is_frozen(tiny_models, family: str, lora, modules: list) -> None:
    model = load_model(tiny_models[family], torch.float32)
    if lora:
        add_adapters(model, lora)
    freeze(model, modules)
    trained = any(parameter.requires_grad for parameter in model.model.visual.parameters())
    assert ModelConfig(lora=lora, freeze=modules).frozen_vision == (not trained)
