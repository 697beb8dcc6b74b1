"""How long completions may be, as a config says it by task."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

from rewards.errors import UserError


def longest_completion(limits: Mapping[str, int], task: str) -> int:
    """The most tokens for a task: its own limit, or that of the first pattern that fits it, `*` last.

    Raises:
        UserError: if no pattern fits it.
    """
    if task in limits:
        return limits[task]
    for pattern in sorted(limits, key=lambda pattern: pattern == "*"):  # which the defaults bring along, first
        if fnmatch(task, pattern):
            return limits[pattern]
    known = ", ".join(sorted(limits))
    raise UserError(f"evaluation.max_tokens says nothing of task {task!r} (it has {known}); add the task, or `*` for all others")
