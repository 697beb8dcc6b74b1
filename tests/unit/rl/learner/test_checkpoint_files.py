"""The small files of a checkpoint: taken as they are, or put as published checkpoints have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from transformers import AutoConfig, AutoProcessor

from rl.learner.checkpoint_files import (
    checkpoint_folder,
    copy_files,
    with_additional_special_tokens,
    with_dtype,
    with_rope_scaling,
)
from rollout.families import FAMILIES


def published(folder: Path) -> Path:
    """Files as the hub has them, in its cache: links to files that nobody may write to."""
    contents: dict[str, Any] = {
        "config.json": {
            "model_type": "qwen2_5_vl",
            "rope_theta": 1e6,
            "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
            "torch_dtype": "bfloat16",
            "vision_config": {"torch_dtype": "bfloat16", "depth": 32},
        },
        "tokenizer_config.json": {"additional_special_tokens": ["<|im_start|>"], "chat_template": "{{ messages }}"},
        "preprocessor_config.json": {"min_pixels": 3136, "image_processor_type": "Qwen2VLImageProcessor"},
        "chat_template.json": {"chat_template": "{{ messages }}"},
        "generation_config.json": {"temperature": 1e-6},
        "vocab.json": {"a": 0},
    }
    (folder / "blobs").mkdir()
    (folder / "snapshot").mkdir()
    for number, (name, content) in enumerate(contents.items()):
        blob = folder / "blobs" / str(number)
        blob.write_text(json.dumps(content))
        blob.chmod(0o444)
        (folder / "snapshot" / name).symlink_to(blob)
    (folder / "snapshot" / "model.safetensors").write_bytes(b"weights")
    (folder / "snapshot" / "LICENSE").write_text("terms")
    return folder / "snapshot"


def test_files_of_a_published_checkpoint_are_copied_as_they_are(tmp_path: Path) -> None:
    base = published(tmp_path)
    copy_files(base, tmp_path / "saved", "float32")
    copied = {file.name for file in (tmp_path / "saved").iterdir()}
    assert copied == {file.name for file in base.iterdir()} - {"model.safetensors"}
    for name in copied - {"config.json"}:
        assert (tmp_path / "saved" / name).read_bytes() == (base / name).read_bytes()
    for file in (tmp_path / "saved").iterdir():
        assert not file.is_symlink()
        assert file.stat().st_mode & 0o200
    config = json.loads((base / "config.json").read_text())
    changed = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert changed == {**config, "torch_dtype": "float32", "vision_config": {"torch_dtype": "float32", "depth": 32}}


def test_a_checkpoint_of_the_hub_is_found_in_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = tmp_path / "models--someone--model"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0a1b")
    (cached / "snapshots" / "0a1b").mkdir(parents=True)
    (cached / "snapshots" / "0a1b" / "config.json").write_text("{}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert checkpoint_folder("someone/model") == cached / "snapshots" / "0a1b"
    assert checkpoint_folder(str(cached)) == cached


@pytest.mark.parametrize("family", FAMILIES)
def test_what_transformers_5_writes_means_the_same_in_the_published_form(
    tiny_models: dict[str, Path], tmp_path: Path, family: str
) -> None:
    processor, config = AutoProcessor.from_pretrained(tiny_models[family]), AutoConfig.from_pretrained(tiny_models[family])
    config.dtype = "bfloat16"
    for writes in (processor, config):
        writes.save_pretrained(tmp_path / "written")
    assert "rope_parameters" in (tmp_path / "written" / "config.json").read_text()
    copy_files(tmp_path / "written", tmp_path / "saved", "float32")
    names = {file.name for file in (tmp_path / "saved").iterdir()}
    assert {"preprocessor_config.json", "video_preprocessor_config.json"} <= names
    assert "processor_config.json" not in names
    found = AutoProcessor.from_pretrained(tmp_path / "saved")
    assert found.image_processor.to_dict() == processor.image_processor.to_dict()
    assert found.video_processor.to_dict() == processor.video_processor.to_dict()
    assert found.chat_template == processor.chat_template
    assert found.tokenizer.get_vocab() == processor.tokenizer.get_vocab()
    assert found.tokenizer.all_special_ids == processor.tokenizer.all_special_ids
    assert found.tokenizer.encode("<|im_start|>What is a scowl?") == processor.tokenizer.encode("<|im_start|>What is a scowl?")
    read = AutoConfig.from_pretrained(tmp_path / "saved")
    assert read.text_config.rope_parameters == config.text_config.rope_parameters
    assert str(read.dtype) == "torch.float32"


def test_rope_settings_are_said_as_both_versions_read_them() -> None:
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [8, 12, 12]}
    scaling = {"rope_type": "default", "mrope_section": [8, 12, 12]}
    assert with_rope_scaling({"text_config": {"rope_parameters": rope, "layers": 2}, "dtype": "float32"}) == {
        "text_config": {"rope_theta": 1e4, "rope_scaling": scaling, "layers": 2},
        "dtype": "float32",
    }
    by_layer = {"rope_parameters": {"full_attention": rope}}
    assert with_rope_scaling(by_layer) == by_layer  # which transformers 4 cannot say


def test_a_precision_is_said_where_there_was_none() -> None:
    assert with_dtype({"vision_config": {}}, "bfloat16") == {"vision_config": {}, "dtype": "bfloat16"}


def test_named_special_tokens_stay() -> None:
    named = {"extra_special_tokens": {"image_token": "<|image_pad|>"}}
    assert with_additional_special_tokens(named) == named
    assert with_additional_special_tokens({"extra_special_tokens": ["<a>"]}) == {"additional_special_tokens": ["<a>"]}
