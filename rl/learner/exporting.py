"""A run's model written anew: from a model folder, or from a learner's saved state; merged, or as adapters."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForImageTextToText

from rewards.errors import UserError
from rl.config.schema import ModelConfig
from rl.learner.adapter_files import copy_adapter, is_adapter, save_adapter
from rl.learner.checkpoint_files import checkpoint_folder
from rl.learner.saving import ADAPTER, beneath, save_model


class ExportError(UserError):
    """Something that cannot be exported; says what is missing and what to do."""


@dataclass(frozen=True)
class State:
    """A learner's saved state, and what is needed to read it."""

    checkpoint: Path
    """The folder that the learner saved it in."""
    began: str
    """The checkpoint that the run began with, by folder or by its name on the hub."""
    tuned: Path | None
    """The run's tuned model, if the state is from after it."""
    settings: ModelConfig


def export_folder(source: Path, folder: Path, dtype: str | None, adapter: bool) -> None:
    """Write a model folder anew, or its adapters.

    Args:
        source: a folder that a run has written.
        folder: is made if it is not there.
        dtype: to write the weights in; None for what they are in.
        adapter: write its adapters instead.

    Raises:
        ExportError: if it has none.
    """
    if adapter:
        copy_adapter(_adapter_of(source), folder, _named(dtype))
        return
    config = AutoConfig.from_pretrained(source)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    save_model(model, _weights(source), _named(dtype) or config.dtype, source, folder)


def export_state(state: State, folder: Path, dtype: str | None, adapter: bool) -> None:
    """Write the model in a learner's saved state, or its adapters; the other arguments are those of `export_folder`.

    Raises:
        StateError: if the state cannot be read.
        ExportError: if there are no adapters to be written.
    """
    with redirect_stdout(io.StringIO()):  # DeepSpeed says which device it has found
        from rl.learner.deepspeed_engine import whole_adapter, whole_weights
        from rl.learner.state_files import load_policy

    lora = state.settings.lora
    base = state.tuned or checkpoint_folder(state.began, download=True)
    model = load_policy(state.checkpoint, base, state.settings)
    if not adapter:
        save_model(model, whole_weights(model), _named(dtype) or model.dtype, base, folder)
        return
    if lora is None:
        raise ExportError("this run trains no adapters (model.lora); leave --adapter out")
    adapters = whole_adapter(model)
    name, below = beneath(adapters, state.began, state.tuned)
    save_adapter(adapters, lora.alpha, lora.modules, name, folder, below, _named(dtype))


def _named(dtype: str | None) -> torch.dtype | None:
    """torch's own for a precision by its name."""
    found: torch.dtype | None = getattr(torch, dtype) if dtype else None
    return found


def _adapter_of(model: Path) -> Path:
    """The adapters beside a run's model."""
    if not is_adapter(model / ADAPTER):
        raise ExportError(f"{model}: has no adapters beside it (adapter/); leave --adapter out, for the merged model")
    return model / ADAPTER


def _weights(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """All weights of a model folder, by their names in it, one after another."""
    for file in _weight_files(folder):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no mapping
                yield name, opened.get_tensor(name)


def _weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [folder / "model.safetensors"]
    return [folder / name for name in sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))]
