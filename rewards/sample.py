"""What a scorer is given and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from rewards.tree.nodes import AffectiveTree
from rewards.tree.parser import Parsed, parse

Mode = Literal["sample", "batch", "group"]
"""What one call of a scorer gets: one sample; a list of any samples; or all samples of one prompt."""
MODES: tuple[Mode, ...] = ("sample", "batch", "group")
Function = TypeVar("Function", bound=Callable[..., Any])


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
    completion_ids: tuple[int, ...] = ()
    """Token ids, where the caller has them."""
    group: str = ""
    """Samples of one prompt share it."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every other column of the data set's row."""

    @cached_property
    def parsed(self) -> Parsed:
        """The completion, read as a rationale; made once however many scorers ask."""
        return parse(self.completion)

    @cached_property
    def gold(self) -> Parsed:
        """The gold tree, read by the same parser."""
        return _parse_gold(self.tree or "")

    @cached_property
    def stated(self) -> AffectiveTree:
        """The completion's tree; one with several trees states none, so that none can be a hedge."""
        return AffectiveTree() if self.parsed.has("second_tree") else self.parsed.tree


@lru_cache(maxsize=4096)
def _parse_gold(text: str) -> Parsed:
    """All samples of a prompt have the same gold tree."""
    return parse(text)


@dataclass(frozen=True)
class Score:
    """A scorer's verdict: a finite number, and named parts of it to look at."""

    value: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why there is no score. `infrastructure` means that trying again may help."""

    message: str
    infrastructure: bool = False


Outcome = Score | Failure | None
"""What came of scoring one sample; None means that the scorer does not apply to it."""


class ScorerError(RuntimeError):
    """A scorer raised or returned something that is not a score; names the scorer and what was found."""


class InfrastructureError(RuntimeError):
    """For scorers to raise where the fault lies with a service that they need: the call is tried again."""


def scorer(mode: Mode) -> Callable[[Function], Function]:
    """Declare what one call of a scorer gets: `@scorer(mode="group")`. Without it, one sample."""

    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")

    def declare(function: Function) -> Function:
        function.affectree_mode = mode  # type: ignore[attr-defined]
        return function

    return declare


def as_score(result: Any, scorer: str) -> Score | None:
    """Check what a scorer returned for one sample; None means that it does not apply.

    Raises:
        ScorerError: if the result is not None, a finite number, a `Score`, or a mapping with `score`; or if one of
            its parts is not a finite number.
    """
    if result is None:
        return None
    if isinstance(result, Score):
        return Score(_number(result.value, scorer, "score"), _parts(result.parts, scorer))
    if isinstance(result, Mapping):
        if "score" not in result:
            raise ScorerError(f"scorer {scorer!r} returned a mapping without `score`: keys {sorted(map(str, result))}")
        rest = {key: value for key, value in result.items() if key != "score"}
        return Score(_number(result["score"], scorer, "score"), _parts(rest, scorer))
    return Score(_number(result, scorer, "score"))


def _parts(parts: Mapping[Any, Any], scorer: str) -> dict[str, float]:
    return {str(name): _number(value, scorer, f"part {name}") for name, value in parts.items()}


def _number(value: Any, scorer: str, what: str) -> float:
    try:
        number = float(value) if not isinstance(value, (str, bytes)) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ScorerError(f"scorer {scorer!r}: {what} must be a finite number, found {value!r:.80} ({type(value).__name__})")
    return number


@dataclass(frozen=True)
class Reward:
    """The mixed number and what it is made of; or no number, if a scorer failed whose `on_error` is `drop`."""

    value: float | None
    parts: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    """The weighted mean of each tree level's scorers."""
    rest: float | None = None
    """The weighted mean of the scorers that judge no level, but the whole."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What went wrong, by scorer; also of scorers for which a number was used instead."""
