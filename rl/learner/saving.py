"""A model folder as the Hugging Face libraries read it, with the tensor names of the published checkpoints of its family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.core_model_loading import revert_weight_conversion

from rl.learner.adapter_files import has_adapters_of, save_adapter
from rl.learner.checkpoint_files import checkpoint_folder, copy_files
from rl.learner.shards import MAX_SHARD_BYTES, write_weights
from rl.learner.spec import LearnerSpec
from rollout.families import FamilyError

ADAPTER = "adapter"
"""The folder in a model's folder that holds its adapters; they are merged into the model's own weights."""


def save_policy(
    model: Any,
    weights: Iterable[tuple[str, torch.Tensor]],
    adapters: Mapping[str, torch.Tensor],
    spec: LearnerSpec,
    folder: Path,
    tuned: Path | None,
) -> None:
    """Write the model of a rank as an ordinary checkpoint, and its adapters, if it has some, as a folder in it.

    Args:
        model: the rank's.
        weights: (name in the model's state dict, tensor), with adapters merged into them.
        adapters: name in peft's files -> tensor, on the CPU.
        spec: what the rank was told at its start.
        folder: is made if it is not there.
        tuned: the folder, written by this function, that the model was loaded from; None for the one that it began with.
    """
    save_model(model, weights, getattr(torch, spec.model.dtype), checkpoint_folder(spec.checkpoint), folder)
    if lora := spec.model.lora:
        base, below = beneath(adapters, spec.checkpoint, tuned)
        save_adapter(adapters, lora.alpha, lora.modules, base, folder / ADAPTER, below)


def beneath(adapters: Iterable[str], began: str, tuned: Path | None) -> tuple[str, Path | None]:
    """(the checkpoint that adapters are written for, adapters that are merged into the model beneath and have to be added).

    Args:
        adapters: their names in peft's files.
        began: the checkpoint that the run began with.
        tuned: the folder, written by `save_policy`, that the model was loaded from; None for the one that it began with. In a
            fork it may have been tuned whole, or with adapters of other layers: then the adapters are written for it.
    """
    if tuned is None:
        return began, None
    return (began, tuned / ADAPTER) if has_adapters_of(tuned / ADAPTER, adapters) else (str(tuned), None)


def save_model(
    model: Any,
    weights: Iterable[tuple[str, torch.Tensor]],
    dtype: torch.dtype,
    base: Path,
    folder: Path,
    max_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write an ordinary checkpoint.

    Args:
        model: of which class and shape it is.
        weights: (name in the model's state dict, or in published checkpoints, tensor); tied ones are written once.
        dtype: to write them in.
        base: folder of the checkpoint that the model was made of, whose other files it gets.
        folder: is made if it is not there.
        max_bytes: of each file of weights.
    """
    copy_files(base, folder, str(dtype).removeprefix("torch."))
    save_weights(model, weights, dtype, folder, max_bytes)


def save_weights(
    model: Any, weights: Iterable[tuple[str, torch.Tensor]], dtype: torch.dtype, folder: Path, max_bytes: int = MAX_SHARD_BYTES
) -> None:
    """Write the weights of a checkpoint, without its other files; the arguments are those of `save_model`."""
    plain = skeleton(model)
    names = published_names(plain)
    shapes = {names[name]: tuple(tensor.shape) for name, tensor in plain.state_dict().items() if name in names}
    published = ((names.get(name, name), tensor) for name, tensor in weights)
    write_weights(((name, tensor) for name, tensor in published if name in shapes), shapes, dtype, folder, max_bytes)


def skeleton(model: Any) -> PreTrainedModel:
    """A model of the same class and shape without weights or adapters."""
    with torch.device("meta"):
        plain: PreTrainedModel = type(model)(model.config)
    return plain


def published_names(model: PreTrainedModel) -> dict[str, str]:
    """Name in a model's state dict -> name in the published checkpoints of its family; tied weights only once.

    Args:
        model: one that was not loaded: such a one would have the names of the folder that it came from.

    Raises:
        FamilyError: if published checkpoints do not have each weight as a tensor of its own.
    """
    tied = set(model.all_tied_weights_keys)
    entries = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items() if name not in tied}
    places = {id(tensor): name for name, tensor in revert_weight_conversion(model, dict(entries)).items()}
    if places.keys() != {id(tensor) for tensor in entries.values()}:
        raise FamilyError(
            f"{type(model).__name__}: published checkpoints of this family hold its weights put together otherwise, which cannot "
            "be written one by one; take a checkpoint of another family"
        )
    return {name: places[id(tensor)] for name, tensor in entries.items()}
