"""The policy's LoRA adapter in vLLM: always the same one, whose weights are replaced at each sync."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from rl.config.schema import LoraConfig

_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"


class IncompleteAdapter(RuntimeError):
    """An adapter that lacks some layer, or has an unknown one; vLLM would leave such layers as they are, silently."""


def adapter_arguments(lora: LoraConfig | None) -> dict[str, Any]:
    """vLLM's engine arguments for an adapter of this shape; none if the engine is sent whole weights."""
    if lora is None:
        return {}
    from vllm.config.lora import MaxLoRARanks

    rank = min(size for size in get_args(MaxLoRARanks) if size >= lora.rank)
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": rank, "lora_target_modules": list(lora.modules)}


def write_adapter(folder: Path, image: np.ndarray, lora: LoraConfig) -> None:
    """Write an adapter in peft's format, where vLLM can read it.

    Args:
        folder: one engine's own, written again at each sync.
        image: uint8, a safetensors image of the adapter.
        lora: the adapter's shape.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {"peft_type": "LORA", "r": lora.rank, "lora_alpha": lora.alpha, "target_modules": list(lora.modules)}
    (folder / _CONFIG).write_text(json.dumps(config))
    (folder / _WEIGHTS).write_bytes(image.data)


def adapter_request(folder: Path | None, replace: bool = False) -> Any:
    """vLLM's `LoRARequest` for an adapter, which every request for completions carries; None without an adapter.

    Requests without one must not run beside others: on CPUs vLLM 0.29 gives them the others' adapter.

    Args:
        folder: where the adapter lies.
        replace: have vLLM read the folder again.
    """
    from vllm.lora.request import LoRARequest

    return None if folder is None else LoRARequest("policy", 1, str(folder), load_inplace=replace)


def check_adapter(model: Any, folder: Path) -> None:
    """Check that an adapter has A and B of exactly the layers that the model in vLLM's worker has for it.

    Raises:
        IncompleteAdapter: naming layers that are missing or unknown.
    """
    from safetensors import safe_open
    from vllm.lora.utils import parse_fine_tuned_lora_name

    manager, targets = model.lora_manager, set(json.loads((folder / _CONFIG).read_text())["target_modules"])
    layers = [part for name in manager.modules for part in manager.packed_modules.get(name, [name])]
    expected = {(name, first) for name in layers if name.split(".")[-1] in targets for first in (True, False)}
    with safe_open(folder / _WEIGHTS, "np") as file:
        found = {parse_fine_tuned_lora_name(name, model.hf_to_vllm_mapper) for name in file.keys()}  # noqa: SIM118
    for what, wrong in (("lacks", expected - found), ("has unknown", found - expected)):
        if wrong:
            names = sorted(f"{name}.lora_{'A' if first else 'B'}" for name, first in wrong)
            raise IncompleteAdapter(f"the adapter {what} {len(wrong)} of the engine's tensors, e.g. {names[:3]}")
