"""The one place that touches OpenRLHF: its policy loss and KL estimators, without its GPU-only imports.

OpenRLHF imports flash_attn at module level. Nothing used here calls it, so where it is not installed a
stand-in whose functions refuse to be called lets the import succeed.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from importlib.machinery import ModuleSpec
from typing import Any

_FLASH_ATTENTION = {
    "flash_attn": (),
    "flash_attn.bert_padding": ("index_first_axis", "pad_input", "rearrange", "unpad_input"),
    "flash_attn.utils": (),
    "flash_attn.utils.distributed": ("all_gather",),
}


def _refuse(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("flash_attn is not installed; affectree's learner does not use it")


def _stand_in_for_flash_attention() -> list[str]:
    """Put empty modules in its place; returns their names, to be taken away after the import."""
    if importlib.util.find_spec("flash_attn") is not None:
        return []
    for name, functions in _FLASH_ATTENTION.items():
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__path__ = []
        for function in functions:
            setattr(module, function, _refuse)
        sys.modules[name] = module
    return list(_FLASH_ATTENTION)


_names = _stand_in_for_flash_attention()
try:
    from openrlhf.models.loss import PolicyLoss, aggregate_loss
    from openrlhf.models.utils import compute_approx_kl
finally:
    # transformers and vLLM look for flash_attn themselves; they must not find an empty one
    for _name in _names:
        sys.modules.pop(_name, None)

__all__ = ["PolicyLoss", "aggregate_loss", "compute_approx_kl"]
