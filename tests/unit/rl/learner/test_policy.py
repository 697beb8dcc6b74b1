"""Prompts and log-probs against the plain form of transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BatchFeature

from rl.learner.batch import Budget, TokenSequence, make_batch, micro_batches
from rl.learner.policy import Policy, load_model
from rollout.families import FAMILIES, Pixels, rounded
from rollout.media import ClipSpec, Medium, sample_indices
from rollout.positions import VisionBlock, mrope_positions
from rollout.prompts import PromptEncoder, as_image, vision_token_ids
from rollout.rows import MEDIA_TAG, Row, open_rows


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
    pixels = {medium: encoder.pixels(medium) for s in sequences for medium in s.prompt.media}
    return make_batch(sequences, pixels, encoder.vision_tokens, encoder.merge, encoder.tokenizer.pad_token_id)


def processed(row: Row, encoder: PromptEncoder) -> BatchFeature:
    """The row's question through the checkpoint's own processor."""
    pieces = MEDIA_TAG.split(row.question)
    content = [{"type": p} if n % 2 else {"type": "text", "text": p} for n, p in enumerate(pieces) if p]
    text = encoder.processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    clips = [encoder.store.get(medium) for medium in row.media if medium.kind == "video"]
    images = [as_image(encoder.store.get(medium)) for medium in row.media if medium.kind == "image"]
    metadata = [
        {"fps": clip.fps, "total_num_frames": len(clip.frames), "frames_indices": list(range(len(clip.frames)))} for clip in clips
    ]
    videos = {"videos": [clip.frames for clip in clips], "video_metadata": metadata, "do_sample_frames": False} if clips else {}
    return encoder.processor(text=[text], images=images or None, return_mm_token_type_ids=True, return_tensors="pt", **videos)


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_equal_the_processors_own(family: str, media_rows: Path, tiny_models, encoders) -> None:
    rows, encoder, model = open_rows(media_rows), encoders[family], load_model(tiny_models[family], torch.float32)
    for index in range(len(rows)):
        ours, theirs = encoder.encode(rows[index]), processed(rows[index], encoder)
        assert ours.ids.tolist() == theirs["input_ids"][0].tolist()
        for kind, key in (("video", "pixel_values_videos"), ("image", "pixel_values")):
            values = [encoder.pixels(medium).values for medium in ours.media if medium.kind == kind]
            if values:
                np.testing.assert_array_equal(np.concatenate(values), theirs[key].numpy())
        grids = {key: theirs.get(key) for key in ("image_grid_thw", "video_grid_thw")}
        seconds = {"second_per_grid_ts": theirs["second_per_grid_ts"]} if "second_per_grid_ts" in theirs else {}
        positions, _ = model.model.get_rope_index(theirs["input_ids"], theirs["mm_token_type_ids"], **grids, **seconds)
        np.testing.assert_array_equal(ours.positions, positions[:, 0].numpy())


@pytest.mark.parametrize("fps", [25.0, 29.97, 30.0])
def test_times_in_words_are_rounded_as_the_processors_are(fps: float, encoders) -> None:
    processor, expand = encoders["qwen3_vl"].processor, encoders["qwen3_vl"].expand
    for frames in range(2, 800, 22):
        sampled = ClipSpec(fps=2.0, max_frames=16)
        count = len(sample_indices(frames, fps, sampled))
        rate = count * fps / frames
        seconds = processor._calculate_timestamps(list(range(count)), rate)
        theirs = [encoders["qwen3_vl"]._plain_ids(f"<{second:.1f} seconds>") for second in seconds]
        pixels = Pixels(np.zeros((0, 0), dtype=np.float32), (count // 2, 2, 2), rate)
        ours, _ = expand(Medium("video", ""), pixels)
        start, end = expand.config.vision_start_token_id, expand.config.vision_end_token_id
        whole = [token for time in theirs for token in (*time, start, expand.config.video_token_id, end)]
        assert ours == whole, (frames, fps)


@pytest.mark.parametrize("value", [2 / 1.7, 2 / 7.5, 1.0, 0.5, 2 / 1.1])
def test_seconds_are_rounded_as_tensors_are(value: float) -> None:
    for dtype in ("float32", "bfloat16"):
        assert rounded(value, dtype) == torch.tensor(value).to(getattr(torch, dtype)).item()


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_positions_equal_transformers(model, fps: float) -> None:
    config, grid, merge = model.config, np.array([[2, 8, 12]]), 2
    text, video = 5, config.video_token_id
    ids = np.array([text] * 3 + [video] * (2 * 4 * 6) + [text] * 4)
    interval = 2 / fps * config.vision_config.tokens_per_second
    ours = mrope_positions(ids == video, [VisionBlock(2, 8, 12, interval)], merge)
    kinds = torch.from_numpy((ids == video) * 2)[None]
    theirs, _ = model.model.get_rope_index(
        torch.from_numpy(ids)[None], kinds, video_grid_thw=torch.from_numpy(grid), second_per_grid_ts=torch.tensor([2 / fps])
    )
    np.testing.assert_array_equal(ours, theirs[:, 0].numpy())


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
    plain = torch.cat([plain_log_probs(model, *pair, encoder, banned) for pair in zip(rows, replies, strict=True)])
    plain.sum().backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    sequences = [TokenSequence(encoder.encode(row), reply) for row, reply in zip(rows, replies, strict=True)]
    ours, entropy = policy(batch_of(sequences, encoder))
    ours.sum().backward()
    assert torch.allclose(ours, plain, atol=1e-5)
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
    batches = micro_batches(lengths, [1] * 6, Budget(200))
    assert sorted(i for batch in batches for i in batch) == list(range(6))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 200
