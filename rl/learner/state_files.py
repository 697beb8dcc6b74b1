"""The weights in a learner's saved state, read without starting ranks: whole, however they were sharded when written."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from deepspeed.runtime.fp16.loss_scaler import LossScaler
from deepspeed.runtime.zero.config import ZeroStageEnum
from deepspeed.utils import zero_to_fp32
from transformers import AutoConfig, AutoModelForImageTextToText

from rewards.errors import UserError
from rl.config.schema import ModelConfig
from rl.learner.lora import add_adapters

_STATE = "state"
"""The folder in a checkpoint that DeepSpeed writes."""
_WHOLE = "mp_rank_00_model_states.pt"
_SHARDS = ("zero_pp_rank_{}_mp_rank_00_model_states.pt", "zero_pp_rank_{}_mp_rank_00_optim_states.pt")
"""What each rank has of the weights under ZeRO 3: those that are frozen, and those that are trained."""
_PREFIX = "model."
"""How `Policy` calls the model."""


class StateError(UserError):
    """A saved state that cannot be read; says which file and what to do."""


def load_policy(checkpoint: Path, base: Path, settings: ModelConfig) -> Any:
    """The model in a learner's saved state, with its adapters, on the CPU. It has weights only, and cannot be asked anything.

    Args:
        checkpoint: the folder that the learner saved its state in.
        base: the checkpoint that the model was made of, whose configuration alone is read.
        settings: those that the state was written under.

    Raises:
        StateError: if the state cannot be read, or is of another model.
    """
    config = AutoConfig.from_pretrained(base, trust_remote_code=settings.trust_remote_code)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config, trust_remote_code=settings.trust_remote_code)
        if settings.lora:
            add_adapters(model, settings.lora)
    weights = read_weights(checkpoint / _STATE, getattr(torch, settings.dtype))
    expected = model.state_dict()
    if problem := _difference({k: v.shape for k, v in expected.items()}, {k: v.shape for k, v in weights.items()}):
        raise StateError(f"{checkpoint}: the learner's state is of another model than {base} with the run's settings ({problem})")
    model.load_state_dict(weights, assign=True)
    return model


def read_weights(state: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Name in the model's state dict -> tensor, which stays in its file until it is used, where it is whole there.

    Args:
        state: the folder that DeepSpeed wrote.
        dtype: the weights' precision; under ZeRO 3 the state holds float32 copies of trained ones, of which they are made.

    Raises:
        StateError: if a file is not there or damaged, or holds what no state holds.
    """
    whole = state / _WHOLE
    found = _load(whole)["module"] if whole.is_file() else {k: t.to(dtype) for k, t in _gathered(state).items()}
    return {name.removeprefix(_PREFIX): tensor for name, tensor in found.items()}


def _gathered(state: Path) -> dict[str, torch.Tensor]:
    """The weights of all ranks under ZeRO 3, put together as DeepSpeed does it."""
    frozen, trained = ([_load(file) for file in _of_ranks(state, pattern)] for pattern in _SHARDS)
    ranks = frozen[0]["dp_world_size"]
    if not len(frozen) == len(trained) == ranks:
        raise StateError(f"{state}: holds the shards of {min(len(frozen), len(trained))} of {ranks} ranks; restore the others")
    models = [
        zero_to_fp32.zero_model_state(
            buffers={name: one["module"][name] for name in one["buffer_names"]},
            param_shapes=one["param_shapes"],
            shared_params=list(one["shared_params"].items()),
            ds_version=one["ds_version"],
            frozen_param_shapes=one["frozen_param_shapes"],
            frozen_param_fragments=one["frozen_param_fragments"],
        )
        for one in frozen
    ]
    flat = [one["optimizer_state_dict"]["fp32_flat_groups"] for one in trained]
    with redirect_stdout(io.StringIO()):  # it prints what it does
        merged = zero_to_fp32._get_fp32_state_dict_from_zero3_checkpoint(ranks, flat, models, exclude_frozen_parameters=False)
    return dict(zero_to_fp32.to_torch_tensor(merged))


def _of_ranks(state: Path, pattern: str) -> list[Path]:
    """The file of each rank, rank 0 first."""
    count = len(list(state.glob(pattern.format("*"))))
    if not count:
        raise StateError(f"{state}: holds no learner state; restore {_WHOLE}, or the files of all ranks")
    return [state / pattern.format(rank) for rank in range(count)]


def _load(file: Path) -> dict[str, Any]:
    """What a file holds: tensors and plain values only, whoever wrote it."""
    try:
        with torch.serialization.safe_globals([LossScaler, ZeroStageEnum]):
            found: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except UnpicklingError as error:
        raise StateError(f"{file}: holds other things than tensors and plain values, and is not read; restore it") from error
    except (OSError, RuntimeError, EOFError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise StateError(f"{file}: cannot be read ({reason}); restore it, or take another checkpoint") from error
    return found


def _difference(expected: Mapping[str, torch.Size], found: Mapping[str, torch.Size]) -> str | None:
    """How two models' weights differ in names or shapes; None if they do not."""
    for what, wrong in (("lacks", expected.keys() - found.keys()), ("has unknown", found.keys() - expected.keys())):
        if wrong:
            return f"it {what} {len(wrong)} weights such as {min(wrong)}"
    other = sorted(name for name, shape in expected.items() if found[name] != shape)
    return f"{other[0]} is {tuple(found[other[0]])} rather than {tuple(expected[other[0]])}" if other else None
