"""Prompts equal those of the checkpoint's own processor, and what is kept of them has a bound and changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoProcessor

import rollout.prompts
from rl.learner.policy import load_model
from rollout.families import FAMILIES
from rollout.media import Clip, ClipSpec, Medium, decode
from rollout.prompts import MediaStore, PromptEncoder, as_image, cache_of_bytes, vision_token_ids
from rollout.rows import Row, open_rows
from tests.unit.rollout.processing import processed


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


def clips(faces: Path, count: int) -> list[Medium]:
    return [Medium("video", str(path)) for path in sorted((faces / "videos").glob("*.mp4"))[:count]]


def fresh(model: Path, budget: int) -> PromptEncoder:
    config = AutoConfig.from_pretrained(model)
    return PromptEncoder(AutoProcessor.from_pretrained(model), config, MediaStore(ClipSpec(), budget))


def test_a_cache_keeps_what_was_used_last_within_its_bytes() -> None:
    cache = cache_of_bytes(10, len)
    cache["a"], cache["b"], cache["c"] = b"....", b"....", b".."
    assert cache["a"] == b"...."  # used again, so that `b` is the oldest
    cache["d"] = b"..."
    assert sorted(cache) == ["a", "c", "d"]
    cache["large"] = b"." * 11
    assert list(cache) == ["large"]
    cache["e"] = b"."
    assert list(cache) == ["e"]


@pytest.mark.parametrize("budget", [0, 1])
def test_a_cache_without_room_keeps_the_last_value(budget: int) -> None:
    cache = cache_of_bytes(budget, len)
    cache["a"], cache["b"] = b"....", b"."
    assert list(cache) == ["b"]


def test_frames_are_decoded_once_and_kept_within_the_budget(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def counting(medium: Medium, spec: ClipSpec) -> Clip:
        decoded.append(medium.path)
        return decode(medium, spec)

    monkeypatch.setattr(rollout.prompts, "decode", counting)
    first, second, third = clips(faces, 3)
    size = decode(first, ClipSpec()).frames.nbytes
    store = MediaStore(ClipSpec(), 2 * size)
    for medium in (first, second, first, third, first):
        np.testing.assert_array_equal(store.get(medium).frames, decode(medium, ClipSpec()).frames)
    assert decoded == [first.path, second.path, third.path]
    store.get(second)  # which `third` has driven out
    assert decoded[3:] == [second.path]
    assert store._clips.currsize <= 2 * size


def test_patches_are_kept_within_the_budget_and_stay_the_same(faces: Path, tiny_model: Path) -> None:
    media = clips(faces, 4)
    roomy, tight = fresh(tiny_model, 2**28), fresh(tiny_model, 1)
    for medium in (*media, *media):
        np.testing.assert_array_equal(tight.pixels(medium).values, roomy.pixels(medium).values)
    assert (len(tight._pixels), len(roomy._pixels)) == (1, 4)


def test_token_ids_of_questions_are_kept_up_to_a_number_and_stay_the_same(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Path
) -> None:
    roomy = fresh(tiny_model, 1)
    monkeypatch.setattr(rollout.prompts, "QUESTIONS_KEPT", 3)
    tight = fresh(tiny_model, 1)
    questions = [f"What is {word}?" for word in ("a scowl", "a smile", "a hat", "a brow", "a gaze")]
    for question in (*questions, *questions):
        row = Row(0, question, (), "qa")
        np.testing.assert_array_equal(tight.encode(row).ids, roomy.encode(row).ids)
    assert (len(tight._text_ids), len(roomy._text_ids)) == (3, 5)


def test_a_reply_ends_its_turn(encoder: PromptEncoder) -> None:
    ids = encoder.reply_ids("lowered brow")
    assert ids.dtype == np.int64
    assert ids[-1] == encoder.tokenizer.eos_token_id
    assert encoder.decode(ids) == "lowered brow"


def test_tokens_add_up_to_the_bytes_of_the_text(encoder: PromptEncoder) -> None:
    text = "naïve 😀\n<tree>"
    ids = encoder.reply_ids(text)
    parts = encoder.token_bytes(ids)
    assert b"".join(parts).decode() == text
    assert parts[-1] == b""  # the end of the turn
    assert encoder.token_bytes(np.array([10**6])) == [b""]  # an id without a token


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_that_stand_for_pictures_are_never_sampled(family: str, encoders) -> None:
    names = ["<|image_pad|>", "<|video_pad|>", "<|vision_end|>", "<|vision_start|>"]
    encoder = encoders[family]
    assert sorted(encoder.tokenizer.convert_tokens_to_ids(names)) == list(encoder.banned_ids)
    assert set(encoder.vision_tokens) < set(encoder.banned_ids)


def test_a_checkpoint_that_names_fewer_vision_tokens_bans_those() -> None:
    class Config:
        image_token_id, video_token_id, vision_start_token_id = 7, 5, None

    assert vision_token_ids(Config()) == [5, 7]


def test_an_image_is_handed_on_as_it_is() -> None:
    frame = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(1, 4, 6, 3)
    image = as_image(Clip("", frame, 0.0))
    assert (image.mode, image.size) == ("RGB", (6, 4))
    np.testing.assert_array_equal(np.asarray(image), frame[0])
