"""Whose contract a function looks like, and refusing an adapter that is not for it, before anything is called.

A function of columns and texts fits TRL and ms-swift alike. Where nothing tells, only what cannot be called is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from rewards.plugins.adapters.clues import reads_messages, words_of
from rewards.plugins.adapters.registry import ADAPTERS
from rewards.plugins.spec import PluginError

NATIVE = ""
"""Stands for a scorer of affectree's own form, which needs no adapter."""
_TRL_ONLY = ("prompts", "completion_ids", "log_extra", "log_metric")
_MARKS = (
    (("queries",), "openrlhf"),
    (("solution_strs",), "verl_batch"),
    (("data_sources",), "verl_batch"),
    (("ground_truths", "extra_infos"), "verl_batch"),
    (("solution_str",), "verl"),
    (("data_source", "ground_truth"), "verl"),
    (("infer_requests",), "ms_swift"),
)
"""(names of parameters that only functions of one trainer have, its adapter)."""
_Contracts = tuple[tuple[str, ...], str]
"""Adapters, of which any may be right, and what tells it; no adapters where nothing does."""


def refuse_wrong_adapter(
    what: str, target: str, function: Callable[..., Any], module: ModuleType | None, adapter: str | None
) -> None:
    """Refuse a function whose parameters or code are those of another contract than the one it is called by.

    Args:
        what: what errors call it, such as `scorer 'mine'`.
        target: how the config names it.
        function: the function, class or object.
        module: where it was found.
        adapter: the adapter that the config sets; None for affectree's own form.

    Raises:
        PluginError: says whose contract it looks like, and which setting to write.
    """
    try:
        signature = inspect.signature(function.__call__ if inspect.isclass(function) else function)
    except (TypeError, ValueError):  # a function of C that does not tell
        return
    contracts, why = _looks_like(function, signature, module)
    if contracts and (adapter or NATIVE) not in contracts:
        own = f"a scorer of affectree's own form ({why}); leave `adapter` out"
        peers = f"a function for {' or '.join(contracts)} ({why}); write adapter: {' or '.join(contracts)}"
        found = f", found adapter: {adapter}" if adapter else ""
        raise PluginError(f"{what}: {target} looks like {own if contracts == (NATIVE,) else peers}{found}")
    if adapter is not None:
        _refuse_impossible(what, target, signature, adapter, inspect.isclass(function))


def _looks_like(function: Callable[..., Any], signature: inspect.Signature, module: ModuleType | None) -> _Contracts:
    names = [name for name in signature.parameters if name != "self"]
    first = signature.parameters[names[0]] if names else None
    if hasattr(function, "affectree_mode") or hasattr(function, "affectree_range"):
        return (NATIVE,), "it is declared by @scorer"
    if first is not None and (first.name in ("sample", "samples") or "RewardSample" in str(first.annotation)):
        return (NATIVE,), f"its parameter `{first.name}`"
    kinds = {kind.__name__ for kind in (function if inspect.isclass(function) else type(function)).__mro__}
    if kinds & {"ORM", "AsyncORM"}:
        return ("ms_swift",), "it is an ORM"
    for marks, adapter in _MARKS:
        if set(marks) <= set(names):
            return (adapter,), f"its parameter{'s' if len(marks) > 1 else ''} `{'`, `'.join(marks)}`"
    required = [
        one for one in signature.parameters.values() if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    if first is not None and first.name in ("reward_input", "reward_inputs"):
        return ("easyr1",), f"its parameter `{first.name}`"
    if hasattr(module, "REWARD_TYPE") and [one.name for one in required if one.name != "self"] == names[:1]:
        return ("easyr1",), "its module's REWARD_TYPE"
    return _of_completions(function, names)


def _of_completions(function: Callable[..., Any], names: list[str]) -> _Contracts:
    """Of TRL and ms-swift: both pass columns to `completions`, texts or messages the one, texts the other."""
    words = words_of(function)
    if not {"completions", "completion_ids"} & set(names):
        return ((), "")
    if "response_token_ids" in words:
        return ("ms_swift",), "it reads `response_token_ids`"
    if inspect.isclass(function):
        return ("ms_swift",), "it is a class that takes `completions`"
    conversational = reads_messages(function, "completions") if "completions" in names else None
    if conversational:
        return ("trl_conversational",), "it reads messages, not texts, of `completions`"
    own = [name for name in _TRL_ONLY if name in words]
    trl = ("trl",) if conversational is False else ("trl", "trl_conversational")
    return (trl, f"its parameter `{own[0]}`") if own else ((*trl, "ms_swift"), "its parameter `completions`")


def _refuse_impossible(what: str, target: str, signature: inspect.Signature, adapter: str, is_class: bool) -> None:
    """Refuse a function that the adapter's trainer cannot call."""
    called, by_position = ADAPTERS[adapter].called, ADAPTERS[adapter].by_position
    takes = [one for one in signature.parameters.values() if not (is_class and one.name == "self")]
    free = any(one.kind is one.VAR_KEYWORD for one in takes)
    positional = [one for one in takes if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    required = [one.name for one in positional[len(called) if by_position else 0 :] if one.default is one.empty]
    if by_position:
        fits = len(positional) >= len(called) or any(one.kind is one.VAR_POSITIONAL for one in takes)
        if adapter == "ms_swift":
            fits = fits and (free or positional[0].name == "completions")
    else:
        fits = free or any(one.name in called for one in takes)
    if not fits:
        call = ", ".join(called if by_position else [f"{name}=…" for name in called])
        factory = "; if it makes the scorer, write factory: true" if not required else ""
        raise PluginError(f"{what}: {target} does not take what {adapter} calls with, ({call}){factory}")
