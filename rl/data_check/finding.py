"""What is found wrong, or odd, about a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
"""An error: a run cannot use the row. A warning: it can, though probably not as it was meant."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a row."""

    severity: Severity
    key: str
    """The column that it is about."""
    reason: str
    """What was found. Names, paths and numbers are in quotes or digits, so that rows with the same fault can be counted."""
    fix: str
    """What to do about it."""
