"""How long completions may be, as a config says it by task."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch


def longest_completion(limits: Mapping[str, int], task: str) -> int:
    """The most tokens for a task: its own limit, or that of the first pattern that fits it, `*` last."""
    patterns = sorted(limits, key=lambda pattern: pattern == "*")  # which the defaults bring along, first
    return limits[task] if task in limits else next(limits[pattern] for pattern in patterns if fnmatch(task, pattern))
