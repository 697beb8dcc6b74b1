"""Packed prefix trees, and that computing on them equals the plain form."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rl.config.schema import LoraConfig
from rl.learner.batch import Budget, TokenBatch, make_batch, micro_batches, pack_rows
from rl.learner.lora import LoraError, adapted, add_adapters, merged, without_adapters
from rl.learner.policy import Policy, freeze, load_model
from rl.learner.prefix_tree import PackedTree, pack
from rollout.families import FAMILIES
from rollout.prompts import PromptEncoder
from rollout.rows.data import open_rows
from rollout.rows.row import Row
from rollout.samples import TokenGroup
from tests.unit.stations import encoded_text

PROMPT = encoded_text(range(5))
replies = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8).map(np.array), min_size=1, max_size=8)


def visible(tree: PackedTree) -> np.ndarray:
    column = np.arange(len(tree))
    return (column[None, :] <= column[:, None]) & (column[:, None] < tree.subtree_end[None, :])


@given(replies)
@settings(max_examples=300, deadline=None)
def test_each_reply_is_on_its_path_and_sees_exactly_its_ancestors(said: list[np.ndarray]) -> None:
    tree = pack(PROMPT, said)
    sees = visible(tree)
    for reply, path in zip(said, tree.paths, strict=True):
        columns = np.concatenate([np.arange(5), 5 + path])
        np.testing.assert_array_equal(tree.ids[columns], np.concatenate([PROMPT.ids, reply]))
        np.testing.assert_array_equal(tree.positions[:, columns], np.tile(np.arange(len(columns)), (3, 1)))
        np.testing.assert_array_equal(tree.predict_at[path], columns[4:-1])
        for depth, column in enumerate(columns):
            np.testing.assert_array_equal(np.flatnonzero(sees[column]), np.sort(columns[: depth + 1]))
    distinct = {tuple(reply[: n + 1]) for reply in said for n in range(len(reply))}
    assert len(tree) == 5 + len(distinct)


def test_what_is_shared_is_stored_once() -> None:
    tree = pack(PROMPT, [np.array(ids) for ids in ([7, 8, 1], [7, 8, 2], [7, 9], [7, 8, 1])])
    assert tree.ids[5:].tolist() == [7, 8, 1, 2, 9]
    segments = [(s.begin, s.end, s.parent) for s in tree.segments]
    assert segments == [(0, 5, -1), (5, 6, 0), (6, 7, 1), (7, 8, 2), (8, 9, 2), (9, 10, 1)]


@pytest.fixture(scope="module")
def models(tiny_models: dict[str, Path]) -> dict:
    return {family: load_model(path, torch.float32) for family, path in tiny_models.items()}


opened = cache(open_rows)


def groups(faces: Path, media_rows: Path, encoder: PromptEncoder, kind: str) -> list[TokenGroup]:
    """Flat groups of ragged length about videos, images, text or all of these; or trees of depth 3."""
    rows, others = opened(faces / "train.jsonl"), opened(media_rows)
    video = [rows[i] for i in rows.indices_by_task()["rationale"][:2]]
    text = [Row(0, "What is a scowl?", (), "qa", reference="brow"), Row(1, "And a frown, in one word?", (), "qa")]
    images = [others[1], others[2]]
    mixed = [video[0], text[0], images[0], others[3], others[4], video[1]]
    chosen = {"video": video, "image": images, "text": text, "mixed": mixed, "tree": [video[0], images[0]]}[kind]
    rng = np.random.default_rng(0)
    found = []
    for row in chosen:
        said = []
        if kind == "tree":
            for a in range(2):
                for e in range(2):
                    for m in range(2):
                        parts = [np.random.default_rng([a, e * s, m * (s > 1)]).integers(20, 200, 6 + s) for s in range(3)]
                        said.append(np.concatenate(parts))
        else:
            said = [rng.integers(20, 200, rng.integers(1, 30)) for _ in range(5)]
            said.append(said[-1][: len(said[-1]) // 2 + 1])  # a prefix of another
        found.append(TokenGroup(encoder.encode(row), tuple(said)))
    return found


def batch_of(some: list[TokenGroup], encoder: PromptEncoder, share: bool) -> TokenBatch:
    pixels = {medium: encoder.pixels(medium) for one in some for medium in one.prompt.media}
    rows = pack_rows(some, Budget(2**31), share)
    return make_batch(rows, pixels, encoder.vision_tokens, encoder.merge, encoder.tokenizer.pad_token_id)


Outcome = tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]


def outcome(policy: Policy, batch: TokenBatch) -> Outcome:
    """Log-probs, entropies, and the gradients of a weighted sum of the log-probs."""
    policy.zero_grad()
    log_probs, entropy = policy(batch)
    weights = torch.randn(len(log_probs), generator=torch.Generator().manual_seed(0))
    (log_probs * weights).sum().backward()
    return log_probs.detach(), entropy.detach(), {n: p.grad.clone() for n, p in policy.named_parameters() if p.grad is not None}


def plain_form(policy: Policy, some: list[TokenGroup], encoder: PromptEncoder) -> Outcome:
    return outcome(policy, batch_of(some, encoder, share=False))


def assert_equal_to_the_plain_form(policy: Policy, some: list[TokenGroup], encoder: PromptEncoder, plain: Outcome) -> None:
    plain_batch, shared_batch = (batch_of(some, encoder, share) for share in (False, True))
    assert plain_batch.members == shared_batch.members
    shared = outcome(policy, shared_batch)
    assert shared_batch.input_ids.numel() < plain_batch.input_ids.numel()
    assert torch.allclose(shared[0], plain[0], atol=1e-5)
    assert torch.allclose(shared[1], plain[1], atol=1e-4)
    assert shared[2].keys() == plain[2].keys()
    for name, gradient in plain[2].items():
        difference = (shared[2][name] - gradient).norm() / gradient.norm().clamp(min=1e-6)
        assert difference < 1e-4, name


@pytest.fixture(scope="module")
def plain_outcomes() -> dict[tuple[str, str, str], Outcome]:
    """The plain form's outcomes, without checkpointing: computed once for both tests that compare with them."""
    return {}


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("backend", ["dense", "depths"])
@pytest.mark.parametrize("kind", ["video", "image", "text", "mixed", "tree"])
@pytest.mark.parametrize("family", FAMILIES)
def test_log_probs_and_gradients_equal_the_plain_form(
    models, encoders, plain_outcomes, faces: Path, media_rows: Path, family: str, kind: str, backend: str, checkpointing: bool
) -> None:
    model, encoder = models[family], encoders[family]
    policy = Policy(model, encoder.banned_ids, backend=backend).train()  # type: ignore[arg-type]
    some = groups(faces, media_rows, encoder, kind)
    if (family, kind, backend) not in plain_outcomes:
        plain_outcomes[family, kind, backend] = plain_form(policy, some, encoder)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    assert_equal_to_the_plain_form(policy, some, encoder, plain_outcomes[family, kind, backend])
    model.gradient_checkpointing_disable()


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_learn_the_same_from_shared_prefixes(
    tiny_models, encoders, faces: Path, media_rows: Path, family: str, checkpointing: bool
) -> None:
    model, encoder = load_model(tiny_models[family], torch.float32), encoders[family]
    add_adapters(model, LoraConfig(4, 8.0, ["q_proj", "v_proj", "up_proj", "down_proj"]))
    stir(model)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    policy = Policy(model, encoder.banned_ids).train()
    some = groups(faces, media_rows, encoder, "mixed")
    assert_equal_to_the_plain_form(policy, some, encoder, plain_form(policy, some, encoder))
    assert all(".lora_" in name for name, p in model.named_parameters() if p.grad is not None)


def test_adapters_for_layers_that_are_not_there_are_refused(tiny_model: Path) -> None:
    said = "has no linear layer absent_proj and no qproj; it has down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    with pytest.raises(LoraError, match=said):
        add_adapters(load_model(tiny_model, torch.float32), LoraConfig(4, 8.0, ["absent_proj", "q_proj", "qproj"]))


def stir(model) -> None:
    """Adapters begin with B = 0 and change nothing, whose gradients would show little."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            parameter.data.normal_(0, 0.05, generator=generator)


def test_adapters_merge_into_the_weights_and_can_be_left_out(
    tiny_model: Path, faces: Path, media_rows: Path, encoder: PromptEncoder
) -> None:
    model, plain = load_model(tiny_model, torch.float32), load_model(tiny_model, torch.float32)
    batch = batch_of(groups(faces, media_rows, encoder, "video"), encoder, share=True)
    add_adapters(model, LoraConfig(4, 8.0, ["q_proj", "down_proj"]))
    stir(model)
    policy = Policy(model, [])
    with torch.no_grad():
        changed = policy(batch)[0]
        with without_adapters(model):
            unchanged = policy(batch)[0]
        original = Policy(plain, [])(batch)[0]
        plain.load_state_dict({name: merged(layer) for name, layer in adapted(model).items()}, strict=False)
        assert (changed - original).abs().max() > 1e-3
        assert torch.allclose(unchanged, original)
        assert torch.allclose(Policy(plain, [])(batch)[0], changed, atol=1e-5)


@pytest.mark.parametrize(
    ("parts", "learned"), [((), {"vision", "projector"}), (("vision",), {"projector"}), (("projector",), {"vision"})]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_parts_of_the_vision_side_can_be_frozen(tiny_models, family: str, parts: tuple[str, ...], learned: set[str]) -> None:
    model = load_model(tiny_models[family], torch.float32)
    freeze(model, parts)
    trained = {name for name, p in model.model.visual.named_parameters() if p.requires_grad}
    assert {"projector" if "merger" in name else "vision" for name in trained} == learned


def test_a_tree_of_depth_three_is_stored_as_one(faces: Path, media_rows: Path, encoder: PromptEncoder) -> None:
    batch = batch_of(groups(faces, media_rows, encoder, "tree"), encoder, share=True)
    assert len(batch.input_ids) == 2
    assert [len(row) for row in batch.segments] == [1 + 2 + 4 + 8] * 2
    assert len(batch.targets) == 2 * (2 * 6 + 4 * 7 + 8 * 8)
    assert len(batch.distinct) == 2 * 8 * (6 + 7 + 8)


def test_groups_stay_together_within_the_budget(faces: Path, media_rows: Path, encoder: PromptEncoder) -> None:
    some = groups(faces, media_rows, encoder, "video")
    replies = [reply for one in some for reply in one.replies]
    for budget in (Budget(200), Budget(400), Budget(4000), Budget(4000, targets=40)):
        batches = micro_batches(pack_rows(some, budget), budget)
        for rows in batches:
            pixels = {medium: encoder.pixels(medium) for row in rows for medium in row.prompt.media}
            tensors = make_batch(rows, pixels, encoder.vision_tokens, encoder.merge, 0)
            assert len(tensors.members) == 1 or budget.holds(tensors.input_ids.numel(), len(tensors.targets))
            said = torch.cat([torch.from_numpy(replies[member]) for member in tensors.members])
            assert torch.equal(tensors.targets[tensors.distinct], said)
        assert sorted(member for rows in batches for row in rows for member in row.members) == list(range(len(replies)))
    (whole,) = micro_batches(pack_rows(some, Budget(4000)), Budget(4000))
    assert len(whole) == 2
