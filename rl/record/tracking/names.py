"""Names and values as MLflow takes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

LONGEST_NAME = 250
LONGEST_PARAMETER = 6000
LONGEST_TAG = 8000
"""The most signs that MLflow 3 takes."""

_NOT_ALLOWED = re.compile(r"[^\w/.\- ]")
_ANY = "-any-"
"""How `*` is written, which many settings are named by."""


class Names:
    """Our names -> MLflow's; a name that had to be replaced is told when it is first met."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        """
        Args:
            warn: prints the line about a name.
        """
        self._warn = warn
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The name that MLflow has for one of ours."""
        if name not in self._known:
            self._known[name] = mlflow_name(name)
            if self._known[name] != name.replace("*", _ANY):
                self._warn(f"MLflow takes no such name as {name!r}: it is {self._known[name]!r} there")
        return self._known[name]


def mlflow_name(name: str) -> str:
    """A name as MLflow takes it: itself, or a like one that ends in a part of its hash, so that different names stay different.

    MLflow allows letters, digits and `_ - . /` with spaces, 250 of them at most, that read as a relative path in its shortest
    form. It allows `:` too, but not on a server on Windows.
    """
    spelled = name.replace("*", _ANY)
    parts = [part if set(part) != {"."} else "_" * len(part) for part in _NOT_ALLOWED.sub("_", spelled).split("/") if part]
    clean = re.sub(r"^\.\.", "__", "/".join(parts))[:LONGEST_NAME]
    if clean == spelled and clean and _ANY not in name:
        return clean
    suffix = f"-{sha256(name.encode()).hexdigest()[:8]}"
    return clean[: LONGEST_NAME - len(suffix)] + suffix


def shortened(value: str, longest: int, whole_in: str) -> str:
    """A value that MLflow takes: itself, or its beginning, the number of signs that are left out, and where it stands whole."""
    if len(value) <= longest:
        return value
    room = longest - len(f" … ({len(value)} more, in {whole_in})")
    return f"{value[:room]} … ({len(value) - room} more, in {whole_in})"
