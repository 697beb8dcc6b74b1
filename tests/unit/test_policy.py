"""Prompts and log-probs against the plain form of transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rl.policy import Policy, load_model
from rl.token_batch import TokenSequence, make_batch, micro_batches
from rollout.positions import mrope_positions
from rollout.prompts import PromptEncoder, vision_token_ids
from rollout.rows import Row, open_rows


@pytest.fixture(scope="module")
def model(tiny_model: Path):
    return load_model(tiny_model, torch.float32).eval()


@pytest.fixture(scope="module")
def sequences(faces: Path, encoder: PromptEncoder) -> list[TokenSequence]:
    """Rationales and short answers about several clips, and one row without a clip."""
    rows = open_rows(faces / "train.jsonl")
    chosen = [rows[i] for task in ("rationale", "attribute_open") for i in rows.indices_by_task()[task][:3]]
    found = [TokenSequence(encoder.encode(row), encoder.reply_ids(row.reference)) for row in chosen]
    text = Row(0, "What is a scowl?", (), "qa", reference="brow")
    return [*found, TokenSequence(encoder.encode(text), encoder.reply_ids("lowered brow"))]


def batch_of(sequences: list[TokenSequence], encoder: PromptEncoder):
    pixels = {key: encoder.pixels(key) for s in sequences for key in s.prompt.clips}
    return make_batch(sequences, pixels, encoder.video_token, encoder.merge, encoder.tokenizer.pad_token_id)


def test_prompts_equal_the_processors_own(faces: Path, encoder: PromptEncoder) -> None:
    rows = open_rows(faces / "val.jsonl")
    row = rows[rows.indices_by_task()["rationale"][0]]
    ours = encoder.encode(row)
    clip = encoder.clips.get(ours.clips[0])
    content = [{"type": "video"}, {"type": "text", "text": row.question.removeprefix("<video>")}]
    text = encoder.processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    metadata = {"fps": clip.fps, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3]}
    theirs = encoder.processor(
        text=[text], videos=[clip.frames], video_metadata=[metadata], do_sample_frames=False, return_tensors="np"
    )
    assert ours.ids.tolist() == theirs["input_ids"][0].tolist()
    pixels = encoder.pixels(ours.clips[0])
    np.testing.assert_array_equal(pixels.values, theirs["pixel_values_videos"])
    assert pixels.seconds_per_grid == theirs["second_per_grid_ts"][0] == 1.0


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_positions_equal_transformers(model, fps: float) -> None:
    config, grid, merge = model.config, np.array([[2, 8, 12]]), 2
    text, video = 5, config.video_token_id
    ids = np.array([text] * 3 + [video] * (2 * 4 * 6) + [text] * 4)
    ours = mrope_positions(ids, video, grid, (2 / fps,), config.vision_config.tokens_per_second, merge)
    kinds = torch.from_numpy((ids == video) * 2)[None]
    theirs, _ = model.model.get_rope_index(
        torch.from_numpy(ids)[None], kinds, video_grid_thw=torch.from_numpy(grid), second_per_grid_ts=torch.tensor([2 / fps])
    )
    np.testing.assert_array_equal(ours, theirs[:, 0].numpy())


def plain_log_probs(model, sequence: TokenSequence, encoder: PromptEncoder, banned: list[int]) -> torch.Tensor:
    """One sequence through the model's own forward, logits everywhere."""
    ids = torch.from_numpy(np.concatenate([sequence.prompt.ids, sequence.reply]))[None]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if sequence.prompt.clips:
        pixels = encoder.pixels(sequence.prompt.clips[0])
        inputs["pixel_values_videos"] = torch.from_numpy(pixels.values)
        inputs["video_grid_thw"] = torch.tensor([pixels.grid])
        inputs["second_per_grid_ts"] = torch.tensor([pixels.seconds_per_grid])
        inputs["mm_token_type_ids"] = (ids == encoder.video_token).int() * 2
    logits = model(**inputs).logits[0].index_fill(1, torch.tensor(banned), float("-inf"))
    reply = torch.from_numpy(sequence.reply)
    return torch.log_softmax(logits[len(sequence.prompt.ids) - 1 : -1], -1).gather(1, reply[:, None]).squeeze(1)


def test_log_probs_and_gradients_equal_the_plain_form(model, sequences, encoder: PromptEncoder) -> None:
    banned = vision_token_ids(model.config)
    policy = Policy(model, banned)
    model.zero_grad()
    plain = torch.cat([plain_log_probs(model, s, encoder, banned) for s in sequences])
    plain.sum().backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    ours, entropy = policy(batch_of(sequences, encoder))
    ours.sum().backward()
    assert torch.allclose(ours, plain, atol=1e-5)
    assert (entropy > 0).all()
    for name, parameter in model.named_parameters():
        if name in expected:
            difference = (parameter.grad - expected[name]).norm() / expected[name].norm().clamp(min=1e-6)
            assert difference < 1e-4, name
    model.zero_grad()


def test_vision_tower_and_prompt_run_once_for_a_group(sequences, encoder: PromptEncoder) -> None:
    group = [sequences[0]] * 8
    batch = batch_of(group, encoder)
    assert len(batch.pixel_values) == len(encoder.pixels(sequences[0].prompt.clips[0]).values)
    assert len(batch.place_at) == (sequences[0].prompt.ids == encoder.video_token).sum()
    assert batch.input_ids.shape == (1, len(sequences[0]))
    assert len(batch.distinct) == 8 * len(sequences[0].reply)


def test_banned_tokens_have_no_probability(model, sequences, encoder: PromptEncoder) -> None:
    banned = vision_token_ids(model.config)
    with_ban = TokenSequence(sequences[0].prompt, np.array([banned[0]]))
    log_probs, _ = Policy(model, banned)(batch_of([with_ban], encoder))
    assert log_probs.item() < -1e30


def test_temperature_is_that_of_the_sampled_distribution(model, sequences, encoder: PromptEncoder) -> None:
    batch = batch_of(sequences[:1], encoder)
    warm, _ = Policy(model, [], temperature=2.0)(batch)
    logits_free, _ = Policy(model, [], temperature=1.0)(batch)
    assert not torch.allclose(warm, logits_free)


def test_micro_batches_keep_the_budget_and_every_sequence() -> None:
    lengths = [5, 100, 7, 90, 6, 300]
    batches = micro_batches(lengths, token_budget=200)
    assert sorted(i for batch in batches for i in batch) == list(range(6))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 200
