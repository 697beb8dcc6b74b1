"""One registry holds all in which families differ; what an entry says is what a checkpoint of the family is."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import nn

import rollout.families
from rl.config.model_check import folder_problem
from rl.learner.policy import load_model
from rl.learner.tiny import RECIPES
from rollout.families import FAMILIES, FamilyError, Grid, family_of, family_problem, rounded
from rollout.media.medium import ClipSpec
from rollout.media.sampling import frame_count

HOME = Path(rollout.families.__file__).parents[1]


def test_every_family_has_a_recipe_for_a_small_model() -> None:
    assert RECIPES.keys() == FAMILIES.keys()


def test_only_the_registry_the_recipes_and_a_default_name_a_family() -> None:
    files = [file for package in ("rewards", "rollout", "rl", "actors") for file in (HOME / package).rglob("*.py")]
    naming = {str(file.relative_to(HOME)) for file in files if any(f'"{name}"' in file.read_text() for name in FAMILIES)}
    assert naming == {"rollout/families.py", "rl/learner/tiny.py", "rl/config/sections/model.py"}


@pytest.mark.parametrize("name", FAMILIES)
def test_an_entry_says_what_a_checkpoint_of_the_family_is(name: str, tiny_models: dict[str, Path]) -> None:
    family, model = family_of(name), load_model(tiny_models[name], torch.float32)
    vision = model.config.vision_config
    assert family.model_type == name == model.config.model_type
    assert family.patch == vision.patch_size
    assert family.deepstack == bool(getattr(vision, "deepstack_visual_indexes", None))
    layers = [path for path, layer in model.model.language_model.named_modules() if isinstance(layer, nn.Linear)]
    assert {path.rpartition(".")[2] for path in layers} == set(family.linear_layers)


def test_other_families_are_refused_with_those_that_are_not() -> None:
    assert family_problem("qwen3_vl") is None
    assert family_problem("qwen3_vk") == (
        "model type 'qwen3_vk' is not supported; use qwen2_5_vl or qwen3_vl; did you mean 'qwen3_vl'?"
    )
    assert "model type ['a']" in str(family_problem(["a"]))
    with pytest.raises(FamilyError, match="model type 'llama' is not supported; use qwen2_5_vl or qwen3_vl"):
        family_of("llama")


def test_an_entry_is_all_that_a_new_family_needs_to_be_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen9_vl"}))
    assert "model type 'qwen9_vl' is not supported" in str(folder_problem(tmp_path))
    monkeypatch.setitem(FAMILIES, "qwen9_vl", replace(FAMILIES["qwen3_vl"], model_type="qwen9_vl"))
    assert folder_problem(tmp_path) is None


def test_a_qwen2_5_video_is_one_block_with_seconds_between_its_patches(encoders) -> None:
    expand = encoders["qwen2_5_vl"].expand
    ids, (block,) = expand("video", Grid(2, 4, 4, 4.0))
    assert ids == [expand.ids["video"]] * 8
    assert block.interval == 0.5  # two frames of four a second, one position a second
    ids, (block,) = expand("image", Grid(1, 4, 4, 0.0))
    assert ids == [expand.ids["image"]] * 4
    assert block.interval == 0.0


@pytest.mark.parametrize("fps", [25.0, 29.97, 30.0])
def test_times_in_words_are_rounded_as_the_processors_are(fps: float, encoders) -> None:
    processor, expand = encoders["qwen3_vl"].processor, encoders["qwen3_vl"].expand
    for frames in range(2, 800, 22):
        sampled = ClipSpec(fps=2.0, max_frames=16)
        count = frame_count(frames / Fraction(fps), frames, sampled)
        rate = count * fps / frames
        seconds = processor._calculate_timestamps(list(range(count)), rate)
        theirs = [encoders["qwen3_vl"]._plain_ids(f"<{second:.1f} seconds>") for second in seconds]
        ours, _ = expand("video", Grid(count // 2, 2, 2, rate))
        start, end = expand.config.vision_start_token_id, expand.config.vision_end_token_id
        whole = [token for time in theirs for token in (*time, start, expand.config.video_token_id, end)]
        assert ours == whole, (frames, fps)


@pytest.mark.parametrize("value", [2 / 1.7, 2 / 7.5, 1.0, 0.5, 2 / 1.1])
def test_seconds_are_rounded_as_tensors_are(value: float) -> None:
    for dtype in ("float32", "bfloat16"):
        assert rounded(value, dtype) == torch.tensor(value).to(getattr(torch, dtype)).item()
