"""OpenRLHF: `reward_func(queries, prompts, labels)` -> `{"rewards", "scores", "extra_logs"}`, or the rewards alone.

Its dispatcher (`SingleTurnAgentExecutor` of 0.11.2) calls with lists of one, and takes tensors of none or one dimension, or
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewards.plugins.adapters.columns import ground_truth
from rewards.plugins.adapters.peer import Call, Function, Peer, scorer_of, with_parts
from rewards.sample import RewardSample, finite_number


def adapt(peer: Peer) -> Function:
    """A scorer of one sample."""

    def convert(found: Any) -> Any:
        if not isinstance(found, Mapping):
            return _only(found)
        if found.get("rewards") is None:
            raise peer.wrong_result("a mapping with `rewards`", found)
        scores = {"scores": found["scores"]} if found.get("scores") is not None else {}
        logs = {**scores, **(found.get("extra_logs") or {})}
        return with_parts(_only(found["rewards"]), {name: _only(value) for name, value in logs.items()})

    def prepare(sample: RewardSample) -> Call:
        lists = ([sample.prompt + sample.completion], [sample.prompt], [ground_truth(sample)])
        return Call(convert, lists, peer.parameters)

    return scorer_of(peer, prepare)


def _only(value: Any) -> Any:
    """The one value of a list or a tensor of one; anything else as it is."""
    number = finite_number(value)
    if number is None and isinstance(value, (list, tuple)) and len(value) == 1:
        return value[0]
    return value if number is None else number
