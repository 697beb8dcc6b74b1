"""A model folder as the Hugging Face libraries read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file


def save_model(model: Any, processor: Any, weights: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write an ordinary checkpoint.

    Args:
        model: whose configuration is written.
        processor: the checkpoint's processor, which is written beside it.
        weights: name in the checkpoint -> tensor, on the CPU; tied ones are written once.
        folder: is made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tied = (model._tied_weights_keys or {}) if model.config.tie_word_embeddings else {}
    kept = {name: tensor.contiguous() for name, tensor in weights.items() if name not in tied}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    processor.save_pretrained(folder)
