"""A model folder as the Hugging Face libraries read it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForImageTextToText

from rl.learner.saving import save_model
from rollout.families import FAMILIES


def model_of(folder: Path) -> Any:
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)


def names_in(folder: Path) -> set[str]:
    found: set[str] = set()
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as opened:
            found |= set(opened.keys())
    return found


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_names_are_those_of_a_checkpoint_that_the_reference_class_saves(
    tiny_models: dict[str, Path], tmp_path: Path, family: str, tied: bool
) -> None:
    base = tiny_models[family]
    config = AutoConfig.from_pretrained(base)
    config.tie_word_embeddings = config.text_config.tie_word_embeddings = tied
    model = AutoModelForImageTextToText.from_config(config)
    model.save_pretrained(tmp_path / "reference")
    # a folder with transformers' own names, from which no conversion is known
    model.save_pretrained(tmp_path / "began", save_original_format=False)
    began = model_of(tmp_path / "began")
    save_model(began, began.state_dict().items(), torch.float32, base, tmp_path / "saved")
    reference, saved = (load_file(tmp_path / folder / "model.safetensors") for folder in ("reference", "saved"))
    assert saved.keys() == reference.keys()
    assert ("lm_head.weight" in saved) != tied
    for name, tensor in reference.items():
        assert torch.equal(saved[name], tensor), name


def test_names_of_qwen2_5_vl_are_the_published_ones(tiny_models: dict[str, Path]) -> None:
    names = names_in(tiny_models["qwen2_5_vl"])
    assert {name.partition(".")[0] for name in names} == {"model", "visual"}
    assert {"model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "visual.merger.mlp.0.weight"} <= names


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_is_loaded_whole_with_equal_weights(tiny_models: dict[str, Path], tmp_path: Path, family: str) -> None:
    model = model_of(tiny_models[family])
    save_model(model, model.state_dict().items(), torch.float32, tiny_models[family], tmp_path)
    found, told = AutoModelForImageTextToText.from_pretrained(tmp_path, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    for name, tensor in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name


def test_the_precision_is_told_truly(tiny_model: Path, tmp_path: Path) -> None:
    model = model_of(tiny_model)
    save_model(model, model.state_dict().items(), torch.bfloat16, tiny_model, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    assert {tensor.dtype for tensor in load_file(tmp_path / "model.safetensors").values()} == {torch.bfloat16}
    assert AutoModelForImageTextToText.from_pretrained(tmp_path).dtype == torch.bfloat16


def test_a_large_model_has_files_of_a_bounded_size_and_an_index(tiny_model: Path, tmp_path: Path) -> None:
    model = model_of(tiny_model)
    save_model(model, model.state_dict().items(), torch.float32, tiny_model, tmp_path, max_bytes=3_000_000)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert [file.name for file in files] == [f"model-{n:05}-of-{len(files):05}.safetensors" for n in range(1, len(files) + 1)]
    assert len(files) > 3
    assert all(file.stat().st_size < 3_100_000 for file in files)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["weight_map"].keys() == names_in(tmp_path)
    assert index["metadata"]["total_size"] == sum(4 * parameter.numel() for parameter in model.parameters())
    found, told = AutoModelForImageTextToText.from_pretrained(tmp_path, output_loading_info=True)
    assert not told["missing_keys"]
    assert all(torch.equal(found.state_dict()[name], tensor) for name, tensor in model.state_dict().items())


def test_weights_that_do_not_all_come_are_no_checkpoint(tiny_model: Path, tmp_path: Path) -> None:
    model = model_of(tiny_model)
    some = list(model.state_dict().items())[:-2]
    with pytest.raises(RuntimeError, match=r"not all weights came; .*model.norm.weight"):
        save_model(model, some, torch.float32, tiny_model, tmp_path)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_modes_are_those_of_the_umask(tiny_model: Path, tmp_path: Path, mask: int, mode: int) -> None:
    model = model_of(tiny_model)
    with umask(mask):
        save_model(model, model.state_dict().items(), torch.float32, tiny_model, tmp_path / "saved")
    assert {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "saved").iterdir()} == {
        file.name: mode for file in (tmp_path / "saved").iterdir()
    }
