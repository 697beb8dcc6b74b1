"""LoRA adapters as a folder that peft loads onto the checkpoint that a run began with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from peft import LoraConfig as PeftConfig
from safetensors.torch import load_file

from rl.learner.shards import write_tensors

_WEIGHTS = "adapter_model.safetensors"


def save_adapter(
    matrices: Mapping[str, torch.Tensor],
    alpha: float,
    modules: Sequence[str],
    base: str,
    folder: Path,
    below: Path | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write adapters as one that is loaded onto the model at `base`.

    Args:
        matrices: name in peft's files -> A (rank, in) or B (out, rank), on the CPU.
        alpha: an adapter's product is multiplied by alpha / rank.
        modules: names of the linear layers of the language model that have one.
        base: the model, by folder or by its name on the hub.
        folder: is made if it is not there.
        below: adapters, written by this function, that were merged into the model before these were begun. The written ones
            are then the sum of both, of both ranks together.
        dtype: to write them in; None for their own.
    """
    scale = alpha / _rank(matrices)
    if below is not None:
        matrices, scale = _sum([_read(below), (matrices, scale)])
    rank = _rank(matrices)
    config = PeftConfig(
        r=rank,
        lora_alpha=scale * rank,  # type: ignore[arg-type]  # peft says int, and divides by the rank
        target_modules=rf"model\.language_model\..*\.({'|'.join(modules)})",  # the vision tower has layers of the same names
        base_model_name_or_path=base,
        task_type="CAUSAL_LM",
        inference_mode=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(str(folder))
    write_tensors(folder / _WEIGHTS, {name: matrix.to(dtype or matrix.dtype).contiguous() for name, matrix in matrices.items()})


def copy_adapter(source: Path, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write adapters of a folder into another one.

    Args:
        source: the folder that they are in.
        folder: is made if it is not there.
        dtype: to write them in; None for their own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    PeftConfig.from_pretrained(str(source)).save_pretrained(str(folder))
    matrices = load_file(source / _WEIGHTS)
    write_tensors(folder / _WEIGHTS, {name: matrix.to(dtype or matrix.dtype) for name, matrix in matrices.items()})


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds adapters."""
    return (folder / _WEIGHTS).is_file()


def has_adapters_of(folder: Path, names: Iterable[str]) -> bool:
    """Whether a folder holds adapters of just the layers with these names in peft's files."""
    return is_adapter(folder) and load_file(folder / _WEIGHTS).keys() == set(names)


Scaled = tuple[Mapping[str, torch.Tensor], float]
"""An adapter's matrices, and what their products are multiplied by."""


def _read(folder: Path) -> Scaled:
    config = PeftConfig.from_pretrained(str(folder))
    return load_file(folder / _WEIGHTS), config.lora_alpha / config.r


def _sum(adapters: Sequence[Scaled]) -> Scaled:
    """Adapters of the same layers as one, with the scale of the last; those that change nothing are left out."""
    _, scale = adapters[-1]
    kept = [one for one in adapters if any(b.any() for name, b in one[0].items() if _is_b(name))] or [adapters[-1]]
    found = {}
    for name in kept[-1][0]:
        if _is_b(name):
            found[name] = torch.cat([matrices[name] * (own / scale) for matrices, own in kept], dim=1)
        else:
            found[name] = torch.cat([matrices[name] for matrices, _ in kept], dim=0)
    return found, scale


def _is_b(name: str) -> bool:
    return name.endswith(".lora_B.weight")


def _rank(matrices: Mapping[str, torch.Tensor]) -> int:
    return next(matrix.shape[1] for name, matrix in matrices.items() if _is_b(name))
