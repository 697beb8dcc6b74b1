"""Log-probs against the plain form of transformers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rl.learner.batch import TokenBatch, make_batch
from rl.learner.micro_batches import Budget, MicroBatch, plain, shared
from rl.learner.packer import by_member
from rl.learner.policy import Policy, load_model
from rl.learner.sequences import sequences_of
from rollout.families import FAMILIES
from rollout.prompts import PromptEncoder, vision_token_ids
from rollout.rows.data import open_rows
from rollout.rows.row import Row
from rollout.samples import TokenGroup
from tests.unit.rollout.processing import processed
from tests.unit.stations import encoded_text


@pytest.fixture(scope="module")
def model(tiny_model: Path):
    return load_model(tiny_model, torch.float32).eval()


@pytest.fixture(scope="module")
def sequences(faces: Path, encoder: PromptEncoder) -> list[TokenGroup]:
    """Rationales and short answers about several clips, and one row without a clip."""
    rows = open_rows(faces / "train.jsonl")
    chosen = [rows[i] for task in ("rationale", "attribute_open") for i in rows.indices_by_task()[task][:3]]
    found = [TokenGroup(encoder.encode(row), (encoder.reply_ids(row.reference),)) for row in chosen]
    text = Row(0, "What is a scowl?", (), "qa", reference="brow")
    return [*found, TokenGroup(encoder.encode(text), (encoder.reply_ids("lowered brow"),))]


def batch_of(sequences: list[TokenGroup], encoder: PromptEncoder) -> TokenBatch:
    pixels = {medium: encoder.pixels(medium) for s in sequences for medium in s.prompt.media}
    (rows,) = shared(sequences_of(sequences), Budget(2**31))
    return make_batch(rows, pixels, encoder.merge, encoder.tokenizer.pad_token_id)


def in_order(batch: TokenBatch, values: torch.Tensor) -> torch.Tensor:
    """What a batch's tokens were given, in the order of all sequences."""
    found = by_member(batch, values)
    return torch.cat([found[member] for member in sorted(found)])


def plain_log_probs(model, row: Row, reply: np.ndarray, encoder: PromptEncoder, banned: list[int]) -> torch.Tensor:
    """One sequence through the checkpoint's own processor and forward call, logits everywhere."""
    inputs = processed(row, encoder)
    length, said = inputs["input_ids"].shape[1], torch.from_numpy(reply)
    inputs["input_ids"] = torch.cat([inputs["input_ids"], said[None]], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    inputs["mm_token_type_ids"] = torch.nn.functional.pad(inputs["mm_token_type_ids"], (0, len(reply)))
    logits = model(**inputs).logits[0].index_fill(1, torch.tensor(banned), float("-inf"))
    return torch.log_softmax(logits[length - 1 : -1], -1).gather(1, said[:, None]).squeeze(1)


@pytest.mark.parametrize("family", FAMILIES)
def test_log_probs_and_gradients_equal_the_models_own(family: str, faces: Path, media_rows: Path, tiny_models, encoders) -> None:
    encoder, model = encoders[family], load_model(tiny_models[family], torch.float32).eval()
    drawn, others = open_rows(faces / "train.jsonl"), open_rows(media_rows)
    rows = [*(drawn[i] for i in drawn.indices_by_task()["rationale"][:3]), *(others[i] for i in range(len(others)))]
    replies = [encoder.reply_ids(row.reference or "") for row in rows]
    banned = vision_token_ids(model.config)
    policy = Policy(model, banned)
    theirs = torch.cat([plain_log_probs(model, *pair, encoder, banned) for pair in zip(rows, replies, strict=True)])
    theirs.sum().backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    sequences = [TokenGroup(encoder.encode(row), (reply,)) for row, reply in zip(rows, replies, strict=True)]
    batch = batch_of(sequences, encoder)
    ours, entropy = policy(batch)
    ours.sum().backward()
    assert torch.allclose(in_order(batch, ours), theirs, atol=1e-5)
    assert (entropy > 0).all()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert (found[name] - gradient).norm() / gradient.norm().clamp(min=1e-6) < 1e-4, name


def test_vision_tower_and_prompt_run_once_for_a_group(sequences, encoder: PromptEncoder) -> None:
    group = [sequences[0]] * 8
    batch = batch_of(group, encoder)
    assert len(batch.pixel_values) == len(encoder.pixels(sequences[0].prompt.media[0]).values)
    assert len(batch.place_at) == (sequences[0].prompt.ids == encoder.vision_tokens[0]).sum()
    assert batch.input_ids.shape == (1, len(sequences[0].prompt.ids) + sequences[0].reply_tokens())
    assert len(batch.distinct) == 8 * sequences[0].reply_tokens()


def test_banned_tokens_have_no_probability(model, sequences, encoder: PromptEncoder) -> None:
    banned = vision_token_ids(model.config)
    with_ban = TokenGroup(sequences[0].prompt, (np.array([banned[0]]),))
    log_probs, _ = Policy(model, banned)(batch_of([with_ban], encoder))
    assert log_probs.item() < -1e30


def test_temperature_is_that_of_the_sampled_distribution(model, sequences, encoder: PromptEncoder) -> None:
    batch = batch_of(sequences[:1], encoder)
    warm, _ = Policy(model, [], temperature=2.0)(batch)
    logits_free, _ = Policy(model, [], temperature=1.0)(batch)
    assert not torch.allclose(warm, logits_free)


@pytest.mark.parametrize("form", [shared, plain])
def test_micro_batches_keep_the_budget_and_every_sequence(form: Callable[..., list[MicroBatch]]) -> None:
    lengths = [5, 100, 7, 90, 6, 300]
    groups = [TokenGroup(encoded_text([length] * 4), (np.arange(length - 4),)) for length in lengths]
    batches = form(sequences_of(groups), Budget(200))
    assert sorted(member for batch in batches for row in batch for member in row.members) == list(range(6))
    for batch in batches:
        assert len(batch) * max(map(len, batch)) <= 200 or [row.members for row in batch] == [(5,)]
    assert len(batches) == 3
