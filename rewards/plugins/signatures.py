"""Whether a function can be called as a config and its caller will call it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rewards.errors import nearest_or_all
from rewards.plugins.spec import PluginError


def signature_of(what: str, target: str, function: Callable[..., Any]) -> inspect.Signature:
    """The parameters that a function takes, or those of the method `__call__` if it is a class."""
    try:
        return inspect.signature(function.__call__ if inspect.isclass(function) else function)
    except (TypeError, ValueError) as error:  # a function of C that does not tell
        raise PluginError(f"{what}: {target} does not tell its parameters; wrap it in a Python function") from error


def check_parameters(
    what: str, target: str, signature: inspect.Signature, parameters: Mapping[str, Any], given: Sequence[str] | None = None
) -> None:
    """Refuse parameters that a function does not take, and a function that cannot be called with what it will get.

    Args:
        what: what errors call it, such as `scorer 'mine'` or `advantage estimator`.
        target: the function as the config names it.
        signature: what the function takes.
        parameters: keyword arguments from the config.
        given: names of the positional arguments that its caller gives; None leaves the call as a whole unchecked.
    """
    takes = list(signature.parameters.values())
    named = [one.name for one in takes if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    unknown = sorted(set(parameters) - set(named))
    if unknown and not any(one.kind is one.VAR_KEYWORD for one in takes):
        hint = nearest_or_all(unknown[0], named[len(given or ()) :], "it takes")
        raise PluginError(f"{what}: {target} does not take the parameters {', '.join(unknown)}{hint}")
    if given is None:
        return
    try:
        signature.bind(*given, **parameters)
    except TypeError as error:
        call = ", ".join([*given, *(f"{name}={value!r}" for name, value in parameters.items())])
        raise PluginError(f"{what}: {target} cannot be called with ({call}): {error}; change what it takes") from error
