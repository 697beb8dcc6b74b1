"""Packed prefix trees, and that computing on them equals the plain form."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rl.config.schema import LoraConfig
from rl.learner import prefix_tree
from rl.learner.batch import TokenBatch, make_batch
from rl.learner.lora import LoraError, adapted, add_adapters, merged, without_adapters
from rl.learner.micro_batches import Budget, plain, shared
from rl.learner.packed_row import PackedRow, pack_row
from rl.learner.packer import by_member
from rl.learner.policy import Policy, freeze, load_model
from rl.learner.prefix_tree import LEAST_SAVED, forest
from rl.learner.sequences import TokenSequence, sequences_of
from rollout.families import FAMILIES
from rollout.media.medium import Medium
from rollout.prompts import TEXT, PromptEncoder
from rollout.rows.data import open_rows
from rollout.rows.row import Row
from rollout.samples import TokenGroup
from tests.unit.stations import encoded_text

runs = st.lists(st.integers(0, 2), max_size=7)
CLIPS = (Medium("video", "a.mp4"), Medium("video", "b.mp4"))


def read(clip: int | None, text: list[int], target: int = 1, shift: int = 0) -> TokenSequence:
    """Two tokens of a clip, if there is one, then text; positions after the clip may be shifted."""
    shown = [] if clip is None else [0, 0]
    ids = np.array([1, *(9 for _ in shown), *text])
    positions = np.arange(len(ids)) + np.where(np.arange(len(ids)) > len(shown), shift, 0)
    medium_at = np.array([TEXT, *shown, *(TEXT for _ in text)])
    media = () if clip is None else (CLIPS[clip],)
    return TokenSequence(ids, np.tile(positions, (3, 1)), media, medium_at, np.arange(len(ids)) >= len(ids) - target)


sequences = st.lists(
    st.builds(
        lambda clip, text, last, target, shift: read(clip, [*text, last], 1 + min(target, len(text)), shift),
        st.sampled_from([None, 0, 1]),
        runs,
        st.integers(0, 2),
        st.integers(0, 6),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=8,
)


def visible(row: PackedRow) -> np.ndarray:
    column = np.arange(len(row))
    return (column[None, :] <= column[:, None]) & (column[:, None] < row.subtree_end[None, :])


@given(sequences, st.sampled_from([0.0, LEAST_SAVED, 1e9]))
@settings(max_examples=300, deadline=None)
def test_each_sequence_is_on_its_path_and_sees_exactly_its_ancestors(read: list[TokenSequence], least: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix_tree, "LEAST_SAVED", least)
        trees = forest(read)
    row, sees = pack_row(read, trees), visible(pack_row(read, trees))
    assert sorted(row.members) == list(range(len(read)))
    for member, path in zip(row.members, row.paths, strict=True):
        one = read[member]
        (columns,) = {tuple(np.flatnonzero(sees[row.target_at[path[-1]]]))}  # the last token sees all before it
        np.testing.assert_array_equal(row.ids[list(columns)], one.ids)
        np.testing.assert_array_equal(row.positions[:, list(columns)], one.positions)
        np.testing.assert_array_equal(row.target_at[path], np.array(columns)[one.targets])
        np.testing.assert_array_equal(row.predict_at[path], np.array(columns)[np.flatnonzero(one.targets) - 1])
        for depth, column in enumerate(columns):
            np.testing.assert_array_equal(np.flatnonzero(sees[column]), columns[: depth + 1])
        shown = [place for place, at in enumerate(row.place_at) if at in columns]
        assert [row.media[row.place_medium[place]] for place in shown] == [medium for medium in one.media for _ in range(2)]
        assert row.place_feature[shown].tolist() == [0, 1] * len(one.media)
    assert sum(tree.tokens for tree in trees) == len(row)
    assert sum(tree.targets for tree in trees) == len(row.target_at)


@given(sequences)
@settings(max_examples=200, deadline=None)
def test_where_all_is_shared_each_beginning_stands_once(read: list[TokenSequence]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix_tree, "LEAST_SAVED", 0.0)
        trees = forest(read)

    def beginnings(one: TokenSequence) -> set[tuple[object, ...]]:
        shown = [one.media[place] if place >= 0 else None for place in one.medium_at]
        tokens = list(zip(one.ids.tolist(), one.positions[0].tolist(), shown, strict=True))
        return {tuple(tokens[: n + 1]) for n in range(len(tokens))}

    assert len(pack_row(read, trees)) == len(set().union(*map(beginnings, read)))


def test_what_is_shared_is_stored_once() -> None:
    group = TokenGroup(encoded_text(range(5)), tuple(np.array(ids) for ids in ([7, 8, 1], [7, 8, 2], [7, 9], [7, 8, 1])))
    found = sequences_of([group])
    row = pack_row(found, forest(found))
    assert row.ids.tolist() == [0, 1, 2, 3, 4, 7, 8, 1, 2, 9]
    segments = [(segment.begin, segment.end, segment.parent) for segment in row.segments]
    assert segments == [(0, 6, -1), (6, 7, 0), (7, 8, 1), (8, 9, 1), (9, 10, 0)]
    assert row.target_at.tolist() == [5, 6, 7, 8, 9]
    assert row.predict_at.tolist() == [4, 5, 6, 6, 5]
    assert [path.tolist() for path in row.paths] == [[0, 1, 2], [0, 1, 3], [0, 4], [0, 1, 2]]


def test_a_clip_a_question_and_answers_are_one_tree_and_other_clips_are_others() -> None:
    found = [read(clip, [5, question, 6, answer, answer]) for clip in (0, 1) for question in (1, 2) for answer in (3, 4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix_tree, "LEAST_SAVED", 0.2)  # more than the one token before the clips saves
        trees = forest(found)
    assert [tree.members for tree in trees] == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert [tree.tokens for tree in trees] == [3 + 1 + 2 * (2 + 2 * 2)] * 2
    assert [len(tree.children) for tree in trees] == [2, 2]


def test_a_token_may_be_a_target_of_one_sequence_and_context_of_another() -> None:
    found = [read(0, [5, 6], target=1), read(0, [5, 6, 7], target=1)]
    row = pack_row(found, forest(found))
    assert row.ids.tolist() == [1, 9, 9, 5, 6, 7]
    assert row.target_at.tolist() == [4, 5]
    assert [path.tolist() for path in row.paths] == [[0], [1]]


@pytest.fixture(scope="module")
def models(tiny_models: dict[str, Path]) -> dict:
    return {family: load_model(path, torch.float32) for family, path in tiny_models.items()}


opened = cache(open_rows)


def groups(faces: Path, media_rows: Path, encoder: PromptEncoder, kind: str) -> list[TokenGroup]:
    """Flat groups of ragged length about videos, images, text or all of these; trees of depth 3; several questions about each
    of two clips, and of a clip with an image."""
    rows, others = opened(faces / "train.jsonl"), opened(media_rows)
    video = [rows[i] for i in rows.indices_by_task()["rationale"][:2]]
    text = [Row(0, "What is a scowl?", (), "qa", reference="brow"), Row(1, "And a frown, in one word?", (), "qa")]
    images = [others[1], others[2]]
    mixed = [video[0], text[0], images[0], others[3], others[4], video[1]]
    asked = [
        replace(row, question=row.question + more) for row in (*video, others[3]) for more in (" Hair?", " Hair? Eyes?", " Why?")
    ]
    chosen = {"video": video, "image": images, "text": text, "mixed": mixed, "tree": [video[0], images[0]], "clip": asked}[kind]
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
    read = sequences_of(some)
    rows = [row for batch in (shared if share else plain)(read, Budget(2**31)) for row in batch]
    return make_batch(rows, pixels, encoder.merge, encoder.tokenizer.pad_token_id)


def in_order(batch: TokenBatch, values: torch.Tensor) -> torch.Tensor:
    """What a batch's tokens were given, in the order of all sequences."""
    found = by_member(batch, values)
    return torch.cat([found[member] for member in sorted(found)])


Outcome = tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]


def outcome(policy: Policy, batch: TokenBatch) -> Outcome:
    """Log-probs, entropies, and the gradients of a weighted sum of the log-probs."""
    policy.zero_grad()
    log_probs, entropy = (in_order(batch, values) for values in policy(batch))
    weights = torch.randn(len(log_probs), generator=torch.Generator().manual_seed(0))
    (log_probs * weights).sum().backward()
    return log_probs.detach(), entropy.detach(), {n: p.grad.clone() for n, p in policy.named_parameters() if p.grad is not None}


def plain_form(policy: Policy, some: list[TokenGroup], encoder: PromptEncoder) -> Outcome:
    return outcome(policy, batch_of(some, encoder, share=False))


def assert_equal_to_the_plain_form(policy: Policy, some: list[TokenGroup], encoder: PromptEncoder, plain: Outcome) -> None:
    plain_batch, shared_batch = (batch_of(some, encoder, share) for share in (False, True))
    assert sorted(plain_batch.members) == sorted(shared_batch.members)
    assert len(shared_batch.input_ids) == 1
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
@pytest.mark.parametrize("backend", ["dense", "blocks"])
@pytest.mark.parametrize("kind", ["video", "image", "text", "mixed", "tree", "clip"])
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
    assert len(batch.input_ids) == 1
    assert [sum(segment.parent == -1 for segment in row) for row in batch.segments] == [2]
    assert [len(row) for row in batch.segments] == [2 * (1 + 2 + 4 + 8)]
    assert len(batch.targets) == 2 * (2 * 6 + 4 * 7 + 8 * 8)
    assert len(batch.distinct) == 2 * 8 * (6 + 7 + 8)


def test_a_clip_is_stored_once_for_all_questions_about_it(faces: Path, media_rows: Path, encoder: PromptEncoder) -> None:
    some = groups(faces, media_rows, encoder, "clip")
    batch = batch_of(some, encoder, share=True)
    shown = {medium: int(np.prod(encoder.pixels(medium).grid.patches)) for one in some for medium in one.prompt.media}
    assert len(batch.place_at) * encoder.merge**2 == sum(shown.values()) == len(batch.pixel_values)
    assert len(batch_of(some, encoder, share=False).place_at) * encoder.merge**2 == 6 * 3 * sum(shown.values())


def test_groups_stay_together_within_the_budget(faces: Path, media_rows: Path, encoder: PromptEncoder) -> None:
    some = groups(faces, media_rows, encoder, "video")
    replies = [reply for one in some for reply in one.replies]
    for budget in (Budget(200), Budget(400), Budget(4000), Budget(4000, targets=40)):
        batches = shared(sequences_of(some), budget)
        for rows in batches:
            pixels = {medium: encoder.pixels(medium) for row in rows for medium in row.media}
            tensors = make_batch(rows, pixels, encoder.merge, 0)
            assert len(tensors.members) == 1 or budget.holds(tensors.input_ids.numel(), len(tensors.targets))
            said = torch.cat([torch.from_numpy(replies[member]) for member in tensors.members])
            assert torch.equal(tensors.targets[tensors.distinct], said)
        assert sorted(member for rows in batches for row in rows for member in row.members) == list(range(len(replies)))
    ((whole,),) = shared(sequences_of(some), Budget(4000))
    assert sum(segment.parent == -1 for segment in whole.segments) == 2
