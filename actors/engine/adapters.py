"""A LoRA adapter of the policy in vLLM: always the same one, whose weights are replaced at each sync."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from rl.learner.spec import LoraSpec

_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"


class IncompleteAdapter(RuntimeError):
    """An adapter that is not made for the layers that it is to change; vLLM would leave them as they are, silently."""


def adapter_arguments(lora: LoraSpec | None) -> dict[str, Any]:
    """vLLM's engine arguments for a policy that is sent as an adapter of this shape, if it is."""
    if lora is None:
        return {}
    from vllm.config.lora import MaxLoRARanks

    rank = min(size for size in get_args(MaxLoRARanks) if size >= lora.rank)
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": rank, "lora_target_modules": list(lora.modules)}


def write_adapter(folder: Path, image: np.ndarray, lora: LoraSpec) -> None:
    """Put an adapter where vLLM can read it, in peft's format.

    Args:
        folder: of one engine, written again at each sync.
        image: uint8, a safetensors file.
        lora: its shape.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {"peft_type": "LORA", "r": lora.rank, "lora_alpha": lora.alpha, "target_modules": list(lora.modules)}
    (folder / _CONFIG).write_text(json.dumps(config))
    (folder / _WEIGHTS).write_bytes(memoryview(image))


def adapter_request(folder: Path | None, replace: bool = False) -> Any:
    """What a request for completions carries; with `replace`, what has vLLM read the folder again.

    Requests without one must not run beside others: on CPUs vLLM 0.29 gives them the others' adapter.
    """
    from vllm.lora.request import LoRARequest

    return None if folder is None else LoRARequest("policy", 1, str(folder), load_inplace=replace)


def check_adapter(model: Any, folder: Path) -> None:
    """In vLLM's worker: that an adapter has A and B of just the layers that are there for it.

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
