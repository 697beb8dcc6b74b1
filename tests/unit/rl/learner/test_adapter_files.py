"""Adapters as peft loads them, against the same adapters merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

from rl.config.schema import LoraConfig
from rl.learner.adapter_files import copy_adapter, save_adapter
from rl.learner.deepspeed_engine import whole_adapter, whole_weights
from rl.learner.lora import adapted, add_adapters
from rl.learner.saving import beneath, save_model
from rollout.families import FAMILIES

LORA = LoraConfig(rank=4, alpha=6.0)
IDS = torch.arange(12)[None] + 60


def trained(folder: Path, lora: LoraConfig, seed: int) -> Any:
    """The model in a folder with adapters that change it."""
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    add_adapters(model, lora)
    generator = torch.Generator().manual_seed(seed)
    for layer in adapted(model).values():
        a, b = (matrix["default"].weight.data for matrix in (layer.lora_A, layer.lora_B))
        a.uniform_(-(a.shape[1] ** -0.5), a.shape[1] ** -0.5, generator=generator)  # as peft draws it
        b.normal_(0, 0.1, generator=generator)
    return model


def save(model: Any, lora: LoraConfig, base: Path, folder: Path, below: Path | None = None) -> None:
    save_adapter(whole_adapter(model), lora.alpha, lora.modules, str(base), folder, below)


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    return model(input_ids=IDS).logits


def by_peft(base: Path, folder: Path) -> PeftModel:
    return PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32), str(folder))


@pytest.mark.parametrize("family", FAMILIES)
def test_peft_gives_the_logits_of_the_merged_model(tiny_models: dict[str, Path], tmp_path: Path, family: str) -> None:
    base = tiny_models[family]
    model = trained(base, LORA, seed=1)
    save(model, LORA, base, tmp_path / "adapter")
    save_model(model, whole_weights(model), torch.float32, base, tmp_path / "merged")
    merged = AutoModelForImageTextToText.from_pretrained(tmp_path / "merged")
    found = by_peft(base, tmp_path / "adapter")
    assert (logits(merged) - logits(AutoModelForImageTextToText.from_pretrained(base))).abs().max() > 1e-2
    torch.testing.assert_close(logits(found), logits(merged), atol=1e-5, rtol=1e-5)
    assert found.peft_config["default"].base_model_name_or_path == str(base)
    layers = {name for name, _ in found.named_modules() if name.endswith("lora_A")}
    assert len(layers) == 7 * 4
    assert all(".language_model." in name for name in layers)  # the vision tower has layers of the same names


@pytest.mark.parametrize("second", [LORA, LoraConfig(rank=2, alpha=16.0)])
def test_adapters_that_were_merged_before_are_added(tiny_model: Path, tmp_path: Path, second: LoraConfig) -> None:
    tuned = trained(tiny_model, LORA, seed=1)
    save(tuned, LORA, tiny_model, tmp_path / "tuned" / "adapter")
    save_model(tuned, whole_weights(tuned), torch.float32, tiny_model, tmp_path / "tuned")
    model = trained(tmp_path / "tuned", second, seed=2)
    save(model, second, tiny_model, tmp_path / "adapter", below=tmp_path / "tuned" / "adapter")
    found = by_peft(tiny_model, tmp_path / "adapter")
    assert found.peft_config["default"].r == 4 + second.rank
    torch.testing.assert_close(logits(found), logits(model), atol=1e-5, rtol=1e-5)


def test_adapters_that_changed_nothing_are_left_out(tiny_model: Path, tmp_path: Path) -> None:
    untrained = AutoModelForImageTextToText.from_pretrained(tiny_model, dtype=torch.float32)
    add_adapters(untrained, LORA)
    save(untrained, LORA, tiny_model, tmp_path / "tuned")
    model = trained(tiny_model, LORA, seed=2)
    save(model, LORA, tiny_model, tmp_path / "adapter", below=tmp_path / "tuned")
    assert by_peft(tiny_model, tmp_path / "adapter").peft_config["default"].r == 4
    save(untrained, LORA, tiny_model, tmp_path / "neither", below=tmp_path / "tuned")
    assert by_peft(tiny_model, tmp_path / "neither").peft_config["default"].r == 4


def test_a_copy_has_another_precision_and_the_same_settings(tiny_model: Path, tmp_path: Path) -> None:
    save(trained(tiny_model, LORA, seed=1), LORA, tiny_model, tmp_path / "adapter")
    copy_adapter(tmp_path / "adapter", tmp_path / "copy", torch.bfloat16)
    found, before = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("copy", "adapter"))
    assert found.keys() == before.keys()
    assert all(torch.equal(tensor, before[name].bfloat16()) for name, tensor in found.items())
    configs = [(tmp_path / name / "adapter_config.json").read_text() for name in ("copy", "adapter")]
    assert configs[0] == configs[1]


def test_adapters_are_written_for_the_tuned_model_where_that_has_none_of_their_layers(
    tiny_models: dict[str, Path], tmp_path: Path
) -> None:
    base = tiny_models["qwen2_5_vl"]
    model = trained(base, LORA, seed=1)
    names = whole_adapter(model)
    assert beneath(names, "began", None) == ("began", None)
    assert beneath(names, "began", tmp_path) == (str(tmp_path), None)
    save(model, LORA, base, tmp_path / "adapter")
    assert beneath(names, "began", tmp_path) == ("began", tmp_path / "adapter")
    assert beneath([name for name in names if "q_proj" in name], "began", tmp_path) == (str(tmp_path), None)
