"""Prompts equal those of the checkpoint's own processor, and what is kept of them has a bound and changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoProcessor

import rollout.media.store
from rl.learner.policy import load_model
from rollout.families import FAMILIES
from rollout.media.decoding import decode
from rollout.media.medium import Clip, ClipSpec, Medium
from rollout.media.store import MediaStore, cache_of_bytes
from rollout.prompts import TEXT, PromptEncoder, as_image, vision_token_ids
from rollout.rows.data import open_rows
from rollout.rows.row import Row, Turn
from tests.unit.rollout.processing import processed


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_equal_the_processors_own(family: str, media_rows: Path, tiny_models, encoders) -> None:
    rows, encoder, model = open_rows(media_rows), encoders[family], load_model(tiny_models[family], torch.float32)
    for index in range(len(rows)):
        ours, theirs = encoder.encode(rows[index]), processed(rows[index], encoder)
        assert ours.ids.tolist() == theirs["input_ids"][0].tolist()
        shows = np.isin(ours.ids, encoder.vision_tokens)
        assert ours.medium_at[shows].tolist() == sorted(ours.medium_at[shows])
        assert set(ours.medium_at[shows]) == set(range(len(ours.media)))
        assert set(ours.medium_at[~shows]) == {TEXT}
        for kind, key in (("video", "pixel_values_videos"), ("image", "pixel_values")):
            values = [encoder.pixels(medium).values for medium in ours.media if medium.kind == kind]
            if values:
                np.testing.assert_array_equal(np.concatenate(values), theirs[key].numpy())
        grids = {key: theirs.get(key) for key in ("image_grid_thw", "video_grid_thw")}
        seconds = {"second_per_grid_ts": theirs["second_per_grid_ts"]} if "second_per_grid_ts" in theirs else {}
        positions, _ = model.model.get_rope_index(theirs["input_ids"], theirs["mm_token_type_ids"], **grids, **seconds)
        np.testing.assert_array_equal(ours.positions, positions[:, 0].numpy())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("system", ["Answer in one word.", None])
def test_a_conversation_equals_the_processors_own(family: str, system: str | None, media_rows: Path, encoders) -> None:
    encoder, mixed = encoders[family], open_rows(media_rows)[3]
    image, video = mixed.media
    other = open_rows(media_rows)[1].media[0]
    context = (
        *([Turn("system", system)] if system else []),
        Turn("user", "Look at <image> and then at <video>."),
        Turn("assistant", "I have seen both."),
        Turn("user", "Who smiles?"),
        Turn("assistant", ""),
    )
    row = Row(0, "<image>And who smiles here, <video>or here?", (image, video, other, video), "qa", context=context)
    shown = {medium: as_image(clip) if clip.fps == 0 else clip for medium in row.media for clip in [encoder.store.get(medium)]}

    def of_image(medium: Medium) -> dict:
        return {"type": "image", "image": shown[medium]}

    def of_video(medium: Medium) -> dict:
        return {"type": "video", "video": shown[medium].frames}

    def text(words: str) -> dict:
        return {"type": "text", "text": words}

    conversation = [
        *([{"role": "system", "content": [text(system)]}] if system else []),
        {"role": "user", "content": [text("Look at "), of_image(image), text(" and then at "), of_video(video), text(".")]},
        {"role": "assistant", "content": [text("I have seen both.")]},
        {"role": "user", "content": [text("Who smiles?")]},
        {"role": "assistant", "content": []},
        {"role": "user", "content": [of_image(other), text("And who smiles here, "), of_video(video), text("or here?")]},
    ]
    clip = shown[video]
    seen = {"fps": clip.fps, "total_num_frames": len(clip.frames), "frames_indices": list(range(len(clip.frames)))}
    theirs = encoder.processor.apply_chat_template(
        conversation,
        tokenize=True,
        add_generation_prompt=True,
        return_dict=True,
        processor_kwargs={"do_sample_frames": False, "video_metadata": [seen, seen]},
    )
    assert encoder.encode(row).ids.tolist() == theirs["input_ids"][0]
    assert encoder.text_ids(row).tolist().count(encoder.vision_tokens[0]) == 2


def test_what_was_said_before_is_part_of_what_is_kept(tiny_model: Path) -> None:
    encoder = fresh(tiny_model, 1)
    rows = [
        Row(0, "Why?", (), "qa", context=context) for context in ((), (Turn("system", "Be brief."),), (Turn("system", "No."),))
    ]
    assert len({encoder.encode(row).ids.tobytes() for row in (*rows, *rows)}) == len(encoder._text_ids) == 3


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

    monkeypatch.setattr(rollout.media.store, "decode", counting)
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
    monkeypatch.setattr(rollout.prompts, "CONVERSATIONS_KEPT", 3)
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
