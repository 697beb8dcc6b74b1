"""The weights of a checkpoint as safetensors files, each of a bounded size, with an index if there are several."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file

MAX_SHARD_BYTES = 5_000_000_000
"""As published checkpoints have it, and huggingface_hub by default: it is also what a rank holds in memory while it writes."""


def write_weights(
    weights: Iterable[tuple[str, torch.Tensor]],
    shapes: Mapping[str, tuple[int, ...]],
    dtype: torch.dtype,
    folder: Path,
    max_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write weights as they come; a file is written as soon as all that belongs into it is there.

    Args:
        weights: (name, tensor), on any device.
        shapes: the shape of each, by name, in the order in which they come.
        dtype: to write them in.
        folder: where to.
        max_bytes: of a file; a larger tensor gets a file of its own.
    """
    planned = {name: torch.empty(shape, dtype=dtype, device="meta") for name, shape in shapes.items()}
    plan = split_torch_state_dict_into_shards(planned, filename_pattern="model{suffix}.safetensors", max_shard_size=max_bytes)
    begun: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in weights:
        file = plan.tensor_to_filename[name]
        shard = begun.setdefault(file, {})
        shard[name] = tensor.to("cpu", dtype, copy=True).contiguous()
        if len(shard) == len(plan.filename_to_tensors[file]):
            write_tensors(folder / file, begun.pop(file))
    if begun:
        lacking = sorted(set(shapes) - {name for shard in begun.values() for name in shard})
        raise RuntimeError(f"{folder}: not all weights came; among those that did not may be {lacking[:3]}")
    if plan.is_sharded:
        metadata = {**plan.metadata, "total_parameters": sum(tensor.numel() for tensor in planned.values())}
        index = {"metadata": metadata, "weight_map": plan.tensor_to_filename}
        text = json.dumps(index, indent=2, sort_keys=True) + "\n"
        (folder / "model.safetensors.index.json").write_text(text, encoding="utf-8")


def write_tensors(file: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write a safetensors file with the mode that the umask gives a new file; safetensors would let its owner alone read it."""
    file.touch()
    mode = file.stat().st_mode
    save_file(tensors, file, {"format": "pt"})
    file.chmod(mode)
