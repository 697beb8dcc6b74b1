"""A condition that settings have to meet together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A condition that a setting has to meet."""

    key: str
    value: Any
    holds: bool
    allowed: str
    """What the setting may be, in words; told where the rule does not hold."""
