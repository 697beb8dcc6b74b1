"""What a scorer is given (`RewardSample`), what it gives back (`Score`), and what becomes of that (`Outcome`, `Reward`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from rewards.tree.nodes import AffectiveTree
from rewards.tree.parser import Parsed, parse

Mode = Literal["sample", "batch", "group"]
"""What one call of a scorer gets: one sample (`sample`), a list of any samples (`batch`), or all samples of one prompt
(`group`)."""
MODES: tuple[Mode, ...] = ("sample", "batch", "group")
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class RewardSample:
    """One completion and what is known to be true of its prompt."""

    completion: str
    """What the model wrote."""
    task: str = "rationale"
    """The task of the data set's row, by which scorers are chosen."""
    prompt: str = ""
    """The text of the question."""
    answer: str | None = None
    """The gold answer: a label, comma-separated labels, an option letter or a phrase."""
    tree: str | None = None
    """The gold affective tree as text."""
    options: tuple[str, ...] = ()
    """The choices of a closed question, in order."""
    finish_reason: str = "stop"
    """`stop`, or `length` where the completion was cut off."""
    completion_tokens: int = 0
    """Number of tokens of the completion."""
    completion_ids: tuple[int, ...] = ()
    """Token ids of the completion, where the caller has them."""
    group: str = ""
    """The prompt's name: the samples of one prompt have the same."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every other column of the data set's row."""

    @cached_property
    def parsed(self) -> Parsed:
        """The completion, read as a rationale once for all scorers."""
        return parse(self.completion)

    @cached_property
    def gold(self) -> Parsed:
        """The gold tree, read by the same parser."""
        return _parse_gold(self.tree or "")

    @cached_property
    def stated(self) -> AffectiveTree:
        """The completion's tree. It is empty for a completion with several trees, so that none can be a hedge."""
        return AffectiveTree() if self.parsed.has("second_tree") else self.parsed.tree


@lru_cache(maxsize=4096)  # all samples of a prompt have the same gold tree
def _parse_gold(text: str) -> Parsed:
    return parse(text)


@dataclass(frozen=True)
class Score:
    """A scorer's verdict."""

    value: float
    """A finite number; higher is better."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Finite numbers to look at, by name, such as precision and recall. They do not count themselves."""


@dataclass(frozen=True)
class Failure:
    """Why there is no score."""

    message: str
    infrastructure: bool = False
    """Whether the fault lies with a service, so that trying again may help."""


Outcome = Score | Failure | None
"""What came of scoring one sample; None means that the scorer does not apply to it."""


@dataclass(frozen=True)
class Reward:
    """A sample's reward and what it is made of."""

    value: float | None
    """The weighted mean of the scorers' values; None if a scorer failed whose `on_error` is `drop`, or none applies."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Each scorer's value by its name, and each part of its score by `scorer.part`."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Level of the tree -> weighted mean of the scorers that judge it."""
    rest: float | None = None
    """The weighted mean of the scorers that judge the whole and no level; None if there is none."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Scorer -> what went wrong, also for scorers whose `on_error` is a number, which was used instead."""


class ScorerError(RuntimeError):
    """A scorer returned something that is not a score. The message names the scorer and what was found."""


class InfrastructureError(RuntimeError):
    """A scorer raises it where a service that it needs is at fault; the call is then tried again."""


def scorer(mode: Mode) -> Callable[[Function], Function]:
    """Decorate a scorer with what one call of it gets: `@scorer(mode="group")`. Without it, a call gets one sample."""
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")

    def declare(function: Function) -> Function:
        function.affectree_mode = mode  # type: ignore[attr-defined]
        return function

    return declare


def as_score(result: Any, scorer: str) -> Score | None:
    """What a scorer returned for one sample, as a score; None means that it does not apply.

    Args:
        result: None, a finite number, a `Score`, or a mapping with `score` and named parts.
        scorer: the scorer's name, for errors.

    Raises:
        ScorerError: if the result is anything else, or one of its parts is not a finite number.
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
