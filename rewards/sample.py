"""What a scorer is given and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rewards.grammar import Parsed, parse


@dataclass(frozen=True)
class RewardSample:
    """One completion and what is known to be true of its prompt."""

    completion: str
    task: str = "rationale"
    prompt: str = ""
    answer: str | None = None
    """The gold answer: a label, comma-separated labels, an option letter or a phrase."""
    tree: str | None = None
    """The gold affective tree as text."""
    options: tuple[str, ...] = ()
    finish_reason: str = "stop"
    """`stop`, or `length` where the completion was cut off."""
    completion_tokens: int = 0
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every other column of the data set's row."""

    @cached_property
    def parsed(self) -> Parsed:
        """The completion, read as a rationale; made once however many scorers ask."""
        return parse(self.completion)

    @cached_property
    def gold(self) -> Parsed:
        """The gold tree, read by the same parser."""
        return parse(self.tree or "")


@dataclass(frozen=True)
class Score:
    """A scorer's verdict: a finite number, and named parts of it to look at."""

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)


class ScorerError(RuntimeError):
    """A scorer raised or returned something that is not a score; names the scorer and what was found."""


def as_score(result: Any, scorer: str) -> Score | None:
    """Check what a scorer returned; None means that it does not apply.

    Raises:
        ScorerError: if the result is not None, a finite number, a `Score`, or a mapping with `score`.
    """
    if result is None or (isinstance(result, Score) and _finite(result.value)):
        return result
    if isinstance(result, Mapping):
        if "score" not in result:
            raise ScorerError(f"scorer {scorer!r} returned a mapping without `score`: keys {sorted(map(str, result))}")
        parts = {str(k): float(v) for k, v in result.items() if k != "score" and _finite(v)}
        return Score(_number(result["score"], scorer), parts)
    return Score(_number(result, scorer))


def _finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except TypeError:
        return False


def _number(value: Any, scorer: str) -> float:
    if isinstance(value, (str, bytes)) or not _finite(value):
        raise ScorerError(f"scorer {scorer!r} must return a finite number or None, found {value!r:.80}")
    return float(value)
