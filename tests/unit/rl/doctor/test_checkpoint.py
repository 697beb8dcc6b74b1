"""Is the model to begin with whole?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from rl.config.schema import ModelConfig, TinySpec
from rl.doctor.checkpoint import checkpoint, parameters_of
from rollout.families import FAMILIES
from tests.unit.rl.doctor.common import GIB, server


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like a checkpoint, in two files."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2_5_vl"}))
    for name in ("tokenizer.json", "preprocessor_config.json"):
        (folder / name).write_text("{}")
    save_file({"a": torch.zeros(10, 10)}, folder / "1.safetensors")
    save_file({"b": torch.zeros(7, dtype=torch.bfloat16)}, folder / "2.safetensors")
    index = {"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_a_whole_checkpoint_is_counted(model: Path, tiny_model: Path) -> None:
    assert checkpoint(ModelConfig(path=str(model))).verdict == "ok"
    assert parameters_of(ModelConfig(path=str(model))) == 107
    assert checkpoint(ModelConfig(path=str(tiny_model))).verdict == "ok"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_size_of_a_tiny_model_is_known_before_it_is_built(family: str, tiny_models: dict[str, Path]) -> None:
    counted = parameters_of(ModelConfig(path=str(tiny_models[family])))
    assert counted is not None
    assert parameters_of(ModelConfig(init="tiny", tiny=TinySpec(family=family))) == pytest.approx(counted, rel=0.05)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def cut_head(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20])


def pointer(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("2.safetensors", Path.unlink, "2.safetensors cannot be read (No such file or directory)"),
        ("2.safetensors", cut, "2.safetensors is cut off"),
        ("2.safetensors", cut_head, "its head is cut off"),
        ("1.safetensors", pointer, "git lfs pull"),
        ("model.safetensors.index.json", Path.unlink, "no weights"),
        ("model.safetensors.index.json", lambda file: file.write_text("{"), "cannot be read"),
        ("tokenizer.json", Path.unlink, "no tokenizer"),
        ("preprocessor_config.json", Path.unlink, "no processor"),
        ("config.json", Path.unlink, "config.json cannot be read"),
        ("config.json", lambda file: file.write_text('{"model_type": "llama"}'), "model type 'llama' is not supported"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_a_fault(model: Path, name: str, harm: Callable[[Path], object], said: str) -> None:
    harm(model / name)
    found = checkpoint(ModelConfig(path=str(model)))
    assert found.verdict == "fault"
    assert said in str(found)


def test_a_model_of_the_hub_is_told_where_it_is_not_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    named = ModelConfig(path="nobody/has-such-a-model-7B")
    assert checkpoint(named).verdict == "warning"
    assert parameters_of(named) == 7 * 1.25e9
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert checkpoint(named).verdict == "fault"
    assert checkpoint(ModelConfig(path="./not-here")).verdict == "fault"


def test_the_hub_is_asked_how_much_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [{"rfilename": "config.json"}, {"rfilename": "a.safetensors", "size": 3 * GIB}, {"rfilename": "b", "size": GIB}]
    with server({"/api/models/nobody/has-it": (200, {"id": "nobody/has-it", "siblings": files})}) as address:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        found = checkpoint(ModelConfig(path="nobody/has-it"), ask_hub=True)
        assert found.verdict == "warning"
        assert "4.0 GiB are downloaded at start" in found.found
        absent = checkpoint(ModelConfig(path="nobody/has-this-one"), ask_hub=True)
        assert absent.verdict == "fault"
        assert "404 Not Found" in absent.found
        assert "hf auth login" in absent.advice
    gone = checkpoint(ModelConfig(path="nobody/has-it"), ask_hub=True)
    assert gone.verdict == "fault"
    assert f"{address} is not reached (ConnectError)" in gone.found


def test_the_size_of_a_model_that_nothing_tells_is_not_known(model: Path) -> None:
    assert parameters_of(ModelConfig(path="nobody/has-such-a-model")) is None
    (model / "2.safetensors").unlink()
    assert parameters_of(ModelConfig(path=str(model))) is None
