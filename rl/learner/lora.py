"""Low-rank adapters (LoRA, arXiv 2106.09685) by peft, inside of the language model; everything else is frozen.

Module names stay as they are, so that the policy's forward pass knows nothing of them. Saved models are merged, ordinary
checkpoints; engines get merged weights too, or the adapters alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft import LoraConfig as PeftConfig
from peft import inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

from rl.config.schema import LoraConfig


def add_adapters(model: nn.Module, settings: LoraConfig) -> None:
    """Give the language model's linear layers adapters that change nothing yet, and freeze all other weights.

    Raises:
        ValueError: if no layer of the language model has one of the named modules.
    """
    model.requires_grad_(False)
    config = PeftConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=list(settings.modules))
    inject_adapter_in_model(config, model.model.language_model)


def adapted(model: nn.Module) -> dict[str, LoraLayer]:
    """Name in the checkpoint of each weight that has an adapter -> its layer."""
    return {f"{name}.weight": layer for name, layer in model.named_modules() if isinstance(layer, LoraLayer)}


def adapter_parts(layer: LoraLayer, weight: str) -> dict[str, torch.nn.Parameter]:
    """Name in peft's files -> A (rank, in) and B (out, rank) of the adapter of a weight of that name."""
    prefix = "base_model.model." + weight.removesuffix(".weight")
    return {
        f"{prefix}.lora_A.weight": layer.lora_A["default"].weight,
        f"{prefix}.lora_B.weight": layer.lora_B["default"].weight,
    }


@contextmanager
def without_adapters(model: nn.Module) -> Iterator[None]:
    """The model as it was before its adapters learned anything."""
    layers = list(adapted(model).values())
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def checkpoint_name(name: str) -> str | None:
    """Of an entry of an adapted model's state dict; None for what belongs to an adapter."""
    return None if ".lora_" in name else name.replace(".base_layer.", ".")


def merged(layer: LoraLayer) -> torch.Tensor:
    """The weight with its adapter added, float32: in bfloat16 a small adapter would be rounded away."""
    return layer.get_base_layer().weight.detach().float() + layer.get_delta_weight("default").detach().float()
