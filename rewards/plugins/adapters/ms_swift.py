"""ms-swift: an ORM class, or an object or function of its form, `f(completions, **columns)` -> numbers or None.

Beside the columns of the data set it passes `messages`, `response_token_ids`, `finish_reason`, `is_truncated` and
`trainer_state`. A class is made an object of as ms-swift makes it: `args` has the trainer's arguments, which are the scorer's
`parameters` here, and so have parameters of `__init__` by their names.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rewards.plugins.adapters.columns import columns_of, messages
from rewards.plugins.adapters.peer import Call, Function, Peer, listed, scorer_of
from rewards.plugins.spec import PluginError
from rewards.sample import RewardSample


def adapt(peer: Peer) -> Function:
    """A scorer of batches."""
    peer = _instance(peer) if inspect.isclass(peer.function) else peer

    def prepare(samples: Sequence[RewardSample]) -> Call:
        given = {
            "trainer_state": None,
            "messages": [messages("user", one.prompt) + messages("assistant", one.completion) for one in samples],
            "response_token_ids": [list(one.completion_ids) for one in samples],
            "finish_reason": [one.finish_reason for one in samples],
            "is_truncated": [one.finish_reason == "length" for one in samples],
            **columns_of(samples),
        }
        return Call(listed, ([sample.completion for sample in samples],), peer.arguments(given, positional=1))

    return scorer_of(peer, prepare)


class TrainerArguments:
    """The trainer's arguments, as far as a scorer's parameters have them."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.__dict__.update(found)

    def __getattr__(self, name: str) -> Any:
        raise MissingArgument(name)


class MissingArgument(AttributeError):
    """An argument of the trainer that the scorer's parameters lack."""


def _instance(peer: Peer) -> Peer:
    """The object of a class, with those parameters left that are for its calls."""
    cls: Any = peer.function
    takes, called = inspect.signature(cls.__init__).parameters, inspect.signature(cls.__call__).parameters
    named = {name: value for name, value in peer.parameters.items() if name in takes}
    left = {name: value for name, value in peer.parameters.items() if name not in takes}
    if "args" in takes:
        named = {"args": TrainerArguments(peer.parameters), **named}
        left = {name: value for name, value in left.items() if name in called}
    lacking = [one.name for one in takes.values() if _needed(one) and one.name not in (*named, "self")]
    if lacking:
        raise _wants(peer, lacking[0])
    try:
        return replace(peer, function=cls(**named), parameters=left)
    except MissingArgument as error:
        raise _wants(peer, str(error)) from error


def _needed(one: inspect.Parameter) -> bool:
    return one.default is one.empty and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)


def _wants(peer: Peer, name: str) -> PluginError:
    return PluginError(
        f"{peer.what}: {peer.target} wants the trainer's argument {name!r}, which only ms-swift has; "
        f"give it in `parameters`, as `{name}: …`"
    )
