"""Low-rank adapters (LoRA, arXiv 2106.09685) by peft, inside of the language model; everything else is frozen.

Module names stay as they are, so that the policy's forward pass knows nothing of them. Saved models are merged, ordinary
checkpoints; engines get merged weights too, or the adapters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from peft import LoraConfig as PeftConfig
from peft import inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

from rewards.errors import UserError
from rl.config.schema import LoraConfig


class LoraError(UserError):
    """Adapters for layers that the model does not have; the message names them and those that it has."""


def add_adapters(model: Any, settings: LoraConfig) -> None:
    """Give the language model's linear layers adapters that change nothing yet, and freeze all other weights.

    Raises:
        LoraError: if `model.lora.modules` names a layer that the language model does not have.
    """
    _check_modules(model.model.language_model, settings.modules)
    model.requires_grad_(False)
    alpha: Any = settings.alpha  # peft says int, and divides by the rank
    config = PeftConfig(r=settings.rank, lora_alpha=alpha, target_modules=list(settings.modules))
    inject_adapter_in_model(config, model.model.language_model)


def _check_modules(language_model: nn.Module, modules: Sequence[str]) -> None:
    linear = (name for name, layer in language_model.named_modules() if isinstance(layer, nn.Linear))
    there = sorted({name.rpartition(".")[2] for name in linear})
    absent = [name for name in modules if name not in there]
    if absent:
        raise LoraError(
            f"model.lora.modules = {list(modules)}: the language model has no linear layer {' and no '.join(absent)}; "
            f"it has {', '.join(there)}"
        )


def adapted(model: nn.Module) -> dict[str, Any]:
    """Name in the checkpoint of each weight that has an adapter -> its layer."""
    return {f"{name}.weight": layer for name, layer in model.named_modules() if isinstance(layer, LoraLayer)}


def adapter_matrices(layer: Any, weight: str) -> dict[str, torch.nn.Parameter]:
    """The matrices of a weight's adapter by their names in peft's files: A (rank, in) and B (out, rank)."""
    prefix = "base_model.model." + weight.removesuffix(".weight")
    return {
        f"{prefix}.lora_A.weight": layer.lora_A["default"].weight,
        f"{prefix}.lora_B.weight": layer.lora_B["default"].weight,
    }


@contextmanager
def without_adapters(model: nn.Module) -> Iterator[None]:
    """The model does without its adapters while the block runs: as it was before they learned anything."""
    layers = list(adapted(model).values())
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def checkpoint_name(name: str) -> str | None:
    """The name in the checkpoint of an entry of an adapted model's state dict; None if it belongs to an adapter."""
    return None if ".lora_" in name else name.replace(".base_layer.", ".")


def merged(layer: Any) -> torch.Tensor:
    """The weight with its adapter added, float32: in bfloat16 a small adapter would be rounded away."""
    return layer.get_base_layer().weight.detach().float() + layer.get_delta_weight("default").detach().float()
