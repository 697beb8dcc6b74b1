"""Environment variables that a scorer needs, such as the key of a service: named by its settings or by `@scorer(env=…)`.

A variable that is missing is told before the scorer is called, and values do not stand in what is told of it.
"""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from rewards.plugins.spec import PluginError, ScorerSpec

_SET_IT = "set it where affectree is started"
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS(WORD|WD|PHRASE|$)|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8
"""Characters of the shortest value that is hidden: shorter ones stand in texts by chance."""


def named(spec: ScorerSpec) -> tuple[str, ...]:
    """The variables that a scorer's settings name: in `env`, and for the key of an endpoint that it asks."""
    judge = spec.parameters.get("judge")
    key = judge.get("key_variable") if isinstance(judge, Mapping) else None
    return tuple(dict.fromkeys([*spec.env, *([key] if isinstance(key, str) else [])]))


def declared(*functions: Callable[..., Any]) -> tuple[str, ...]:
    """The variables that functions declare by `@scorer(env=…)`."""
    return tuple(dict.fromkeys(name for function in functions for name in getattr(function, "affectree_env", ())))


def refuse_missing(what: str, names: Iterable[str]) -> None:
    """Raise `PluginError` if one of these variables is not set in this process.

    Args:
        what: what the error calls the scorer.
        names: of the variables.
    """
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise PluginError(f"{what} needs {', '.join(missing)} in its environment, not set here; {_SET_IT}")


def unset_variable(error: BaseException) -> str | None:
    """What is to be told of a variable that some code looked up in `os.environ` in vain; None for any other error."""
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, KeyError) or not frames or frames[-1].name != "__getitem__":
        return None
    if frames[-1].filename not in ("<frozen os>", os.__file__):
        return None
    name = error.args[0]
    return f"the variable {name} is not set; {_SET_IT}, and list it in cluster.env, or for a scorer in its env"


def without_secrets(text: str) -> str:
    """A text with the name in place of the value of each variable that is called a key, token, secret or password.

    What scorers and their clients say may hold them, such as a URL with a key in it; it is kept with the run.
    """
    hidden = {form: name for name, value in os.environ.items() if _SECRET.search(name) for form in _forms(value)}
    for form in sorted(hidden, key=len, reverse=True):  # a key may begin with another
        text = text.replace(form, f"[{hidden[form]}]")
    return text


def _forms(value: str) -> set[str]:
    """How a value may stand in a text: as it is, line by line, as Python or JSON write it, or in a URL. None of a path."""
    if os.path.exists(value):  # noqa: PTH110 - pathlib raises for what is no path at all
        return set()
    in_url = quote(value, "", errors="surrogateescape")
    written = (value.strip(), *map(str.strip, value.splitlines()), repr(value)[1:-1], json.dumps(value)[1:-1], in_url)
    return {form for form in written if len(form) >= _SHORTEST}
