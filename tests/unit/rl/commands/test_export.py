"""`affectree export`, on runs put together by hand. States that DeepSpeed wrote: tests/integration/test_learner_ranks.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

from rewards.errors import UserError
from rl.commands.export import export
from rl.config.load import load_config
from rl.config.schema import Config
from rl.learner.lora import adapted, add_adapters
from rl.learner.saving import save_policy
from rl.learner.spec import LearnerSpec
from rl.learner.state_files import StateError
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress
from rl.run.specs import learner_spec

LORA = "model.lora={rank: 4, alpha: 8}"
Files = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Made:
    """A run of which there are a tuned model, a checkpoint at GRPO step 2, and at times a model."""

    directory: RunDirectory
    model: Any
    """The policy at step 2."""

    def files(self) -> Files:
        """Size and time of change of every file."""
        found = [file for file in self.directory.path.rglob("*") if file.is_file()]
        return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in found}


@pytest.fixture
def made(tmp_path: Path, tiny_model: Path) -> Callable[..., Made]:
    return partial(make, tmp_path, tiny_model)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What is exported without --out comes here."""
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    return folder


def make(folder: Path, tiny_model: Path, *words: str, finished: bool = True) -> Made:
    settings = ["model.init=tiny", "grpo.mix={rationale: 1}", "rewards.scorers={leaf: {spec: leaf_f1}}", f"runs={folder}", *words]
    config = load_config(None, settings, files=False)
    run = RunDirectory.create(config)
    shutil.copytree(tiny_model, run.initial_model)
    spec = learner_spec(config, str(run.initial_model))
    write(policy(run.initial_model, config, seed=1), spec, run.tuned_model, None)
    model = policy(run.tuned_model, config, seed=2)
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    run.checkpoints.save(Progress("grpo", 2), lambda at: save_state(at, {"module": state}), keep=1)
    if finished:
        write(model, spec, run.model, run.tuned_model)
    return Made(run, model)


def policy(folder: Path, config: Config, seed: int) -> Any:
    """The model in a folder after it has learned something."""
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    if config.model.lora is None:
        model.model.language_model.norm.weight.data.normal_(1, 0.1, generator=generator)
    else:
        add_adapters(model, config.model.lora)
        for layer in adapted(model).values():
            layer.lora_B["default"].weight.data.normal_(0, 0.1, generator=generator)
    return model


def write(model: Any, spec: LearnerSpec, folder: Path, tuned: Path | None) -> None:
    """Write what a learner writes."""
    from rl.learner.deepspeed_engine import whole_adapter, whole_weights

    save_policy(model, whole_weights(model), whole_adapter(model), spec, folder, tuned)


def save_state(folder: Path, state: Any) -> None:
    (folder / "state").mkdir()
    torch.save(state, folder / "state" / "mp_rank_00_model_states.pt")


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    return model(input_ids=torch.arange(12)[None] + 60).logits


def loaded(folder: Path) -> Any:
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)


@pytest.mark.parametrize("words", [(), (LORA,)])
def test_a_checkpoint_on_the_way_gives_the_model_that_learned(made: Callable[..., Made], elsewhere: Path, words: Any) -> None:
    run = made(*words, finished=False)
    before = run.files()
    export(run.directory.path, at="2")
    assert run.files() == before  # the run may be going on
    (folder,) = elsewhere.iterdir()
    assert folder.name == f"{run.directory.path.name}-grpo_000002-model"
    torch.testing.assert_close(logits(loaded(folder)), logits(run.model), atol=1e-5, rtol=1e-5)
    assert "after GRPO step 2" in (folder / "README.md").read_text()
    assert (folder / "affectree.yaml").is_file()


def test_a_finished_run_gives_its_model_with_the_card_that_it_has(made: Callable[..., Made], tmp_path: Path) -> None:
    run = made()
    for name in ("README.md", "affectree.yaml"):
        (run.directory.model / name).write_text(f"{name} of the run")
    out = tmp_path / "a" / "folder"
    export(run.directory.path, out=out)
    assert {file.name for file in out.iterdir()} == {file.name for file in run.directory.model.iterdir()}
    for file in out.iterdir():
        assert file.read_bytes() == (run.directory.model / file.name).read_bytes(), file.name


def test_precision_is_chosen(made: Callable[..., Made], tmp_path: Path) -> None:
    run = made()
    for number, at in enumerate((None, "grpo_000002")):
        export(run.directory.path, out=tmp_path / str(number), at=at, dtype="bfloat16")
        assert json.loads((tmp_path / str(number) / "config.json").read_text())["dtype"] == "bfloat16"
        found = load_file(tmp_path / str(number) / "model.safetensors")
        norm = run.model.state_dict()["model.language_model.norm.weight"]
        assert torch.equal(found["model.norm.weight"], norm.bfloat16())


@pytest.mark.parametrize("at", [None, "2"])
def test_adapters_go_onto_the_model_that_the_run_began_with(made: Callable[..., Made], tmp_path: Path, at: str | None) -> None:
    run = made(LORA)
    export(run.directory.path, out=tmp_path / "adapter", at=at, adapter=True)
    base = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert base == str(run.directory.initial_model)
    found = PeftModel.from_pretrained(loaded(Path(base)), str(tmp_path / "adapter"))
    torch.testing.assert_close(logits(found), logits(run.model), atol=1e-5, rtol=1e-5)
    assert (tmp_path / "adapter" / "README.md").is_file()


def test_a_folder_that_holds_something_is_refused(made: Callable[..., Made], tmp_path: Path) -> None:
    run, out = made(), tmp_path / "out"
    out.mkdir()
    export(run.directory.path, out=out)  # an empty one is not
    before = sorted(out.iterdir())
    with pytest.raises(UserError, match=r"out: is there already; name another --out"):
        export(run.directory.path, out=out)
    assert sorted(out.iterdir()) == before


def test_what_is_not_there_is_named_with_what_is(made: Callable[..., Made], elsewhere: Path) -> None:
    run = made(finished=False)
    with pytest.raises(UserError, match=r"no model yet; --at takes one of its checkpoints \(grpo_000002\)"):
        export(run.directory.path)
    with pytest.raises(RunError, match=r"no checkpoint of grpo step 3; there are grpo_000002"):
        export(run.directory.path, at="3")
    with pytest.raises(UserError, match=r"trains no adapters \(model.lora\); leave --adapter out"):
        export(run.directory.path, at="2", adapter=True)
    assert not list(elsewhere.iterdir())


def test_a_state_is_not_trusted(made: Callable[..., Made], elsewhere: Path) -> None:
    run = made(finished=False)
    run.directory.checkpoints.save(Progress("grpo", 3), lambda at: save_state(at, {"module": Evil()}), keep=2)
    with pytest.raises(StateError, match=r"mp_rank_00_model_states.pt: holds other things than tensors"):
        export(run.directory.path, at="3")
    assert not (elsewhere / "evil").exists()
    assert not list(elsewhere.iterdir())  # neither is a part of a model


class Evil:
    """What runs a function of its own when it is read."""

    def __reduce__(self) -> Any:
        return Path("evil").write_text, ("done",)


def test_a_damaged_state_is_named(made: Callable[..., Made]) -> None:
    run = made(finished=False)
    file = run.directory.checkpoints.at("grpo", 2).folder / "state" / "mp_rank_00_model_states.pt"
    with file.open("r+b") as opened:
        opened.write(b"\0" * 4096)
        opened.seek(-4096, 2)
        opened.write(b"\0" * 4096)
    with pytest.raises(StateError, match=r"mp_rank_00_model_states.pt: cannot be read \(.*\); restore it"):
        export(run.directory.path, at="2")


def test_the_state_of_another_model_is_refused(made: Callable[..., Made], tiny_models: dict[str, Path]) -> None:
    run = made(finished=False)
    shutil.rmtree(run.directory.tuned_model)
    shutil.copytree(tiny_models["qwen3_vl"], run.directory.tuned_model)
    with pytest.raises(StateError, match=r"is of another model than .*tuned_model with the run's settings \(it lacks "):
        export(run.directory.path, at="2")
