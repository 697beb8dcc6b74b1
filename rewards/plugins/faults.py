"""Faults of functions of the user's own that the trainer calls: told by name and place, and not taken for affectree's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from rewards.errors import UserError
from rewards.plugins.calling import failure
from rewards.plugins.spec import FunctionSpec, PluginError


def telling(kind: str, spec: FunctionSpec, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that raises `PluginError` for whatever the user's raises; one that ships stays as it is.

    Args:
        kind: what it is, such as `policy loss`.
        spec: what the function was found by.
        function: the function.
    """
    if ":" not in spec.target:
        return function

    @wraps(function)
    def told(*arguments: Any, **keywords: Any) -> Any:
        try:
            return function(*arguments, **keywords)
        except UserError:
            raise
        except Exception as error:
            raise PluginError(f"{kind} {spec.target!r} failed: {failure(error).message}; mend it") from error

    return told
