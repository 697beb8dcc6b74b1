"""A function of another trainer, and how what it returns becomes scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from rewards.plugins.adapters.clues import words_of
from rewards.plugins.calling import is_async
from rewards.sample import Mode, Score, ScorerError, finite_number

Function = Callable[..., Any]


@dataclass(frozen=True)
class Peer:
    """A function as a config names it."""

    what: str
    """What errors call it, such as `scorer 'mine'`."""
    target: str
    """How the config names it."""
    function: Function
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call."""
    module: ModuleType | None = None
    """Where it was found."""
    mode: Mode | None = None
    """The mode that the config sets."""

    def arguments(self, given: Mapping[str, Any], positional: int = 0) -> dict[str, Any]:
        """Those of the given keyword arguments that the function takes, and its parameters.

        Args:
            given: keyword arguments.
            positional: how many it gets by position.

        Raises:
            ScorerError: if it needs another.
        """
        takes = list(inspect.signature(self.function).parameters.values())[positional:]
        found = {**given, **self.parameters}
        if not any(one.kind is one.VAR_KEYWORD for one in takes):
            found = {name: value for name, value in found.items() if name in {one.name for one in takes}}
        lacking = [one.name for one in takes if one.kind in _BY_NAME and one.default is one.empty and one.name not in found]
        if lacking:
            has = ", ".join(sorted(given))
            raise ScorerError(
                f"{self.what}: {self.target} needs the column {', '.join(lacking)}, which the row lacks; there are {has}"
            )
        return found

    def wrong_result(self, wanted: str, found: Any) -> ScorerError:
        """The error for a result that its own trainer would not take either."""
        shown = f"keys {sorted(map(str, found))}" if isinstance(found, Mapping) else f"{found!r:.80} ({type(found).__name__})"
        return ScorerError(f"{self.what}: {self.target} must return {wanted}, found {shown}")


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Call:
    """One call of a peer's function."""

    convert: Callable[[Any], Any]
    """Makes scores of what it returns."""
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


def scorer_of(peer: Peer, prepare: Callable[[Any], Call]) -> Function:
    """The function as a scorer, a coroutine function if it is one itself.

    Args:
        peer: the function.
        prepare: the call for one sample, or for a list of samples.
    """

    def score(given: Any) -> Any:
        call = prepare(given)
        try:
            return call.convert(peer.function(*call.positional, **call.named))
        except AttributeError as error:
            raise _explained(peer, error) from error

    async def score_async(given: Any) -> Any:
        call = prepare(given)
        try:
            return call.convert(await peer.function(*call.positional, **call.named))
        except AttributeError as error:
            raise _explained(peer, error) from error

    return score_async if is_async(peer.function) else score


def _explained(peer: Peer, error: AttributeError) -> Exception:
    """Of an attribute of None where a function reads `trainer_state`: that this is what only its trainer has."""
    if error.obj is not None or error.name is None or "trainer_state" not in words_of(peer.function):
        return error
    return ScorerError(
        f"{peer.what}: {peer.target} reads `{error.name}` of the trainer's state, which only its own trainer has; "
        "affectree gives None for trainer_state"
    )


def listed(values: Any) -> Any:
    """Tensors and arrays as lists; anything else as it is, for the check of results to judge."""
    return values.tolist() if hasattr(values, "tolist") else values


def with_parts(value: Any, parts: Mapping[str, Any]) -> Any:
    """A score with those parts that are finite numbers: other trainers log any value. None stays None."""
    numbers = {str(name): number for name, part in parts.items() if (number := finite_number(part)) is not None}
    return Score(value, numbers) if numbers and value is not None else value


def from_mapping(peer: Peer, found: Any, key: str) -> Any:
    """A mapping's value under `key` as the score, its other numbers as parts; anything else as it is."""
    if not isinstance(found, Mapping):
        return found
    if key not in found:
        raise peer.wrong_result(f"a mapping with `{key}`", found)
    return with_parts(found[key], {name: value for name, value in found.items() if name != key})
