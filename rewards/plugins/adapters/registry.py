"""Each adapter by its name: how a function of a trainer becomes a scorer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rewards.plugins.adapters import easyr1, ms_swift, openrlhf, trl, verl
from rewards.plugins.adapters.peer import Function, Peer
from rewards.sample import Mode


@dataclass(frozen=True)
class Adapter:
    """How a function of another trainer becomes a scorer."""

    mode_of: Callable[[Peer], Mode]
    """What one call of the scorer gets."""
    adapt: Callable[[Peer], Function]
    """Makes the scorer, which is called without parameters."""
    called: tuple[str, ...]
    """What the trainer's call gives: names of arguments by position where `by_position` says so, else by name."""
    by_position: bool
    """Whether these are given by position. Otherwise the function takes any of them, and columns."""


def _always(mode: Mode) -> Callable[[Peer], Mode]:
    return lambda peer: mode


_TRL = ("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric")

ADAPTERS: dict[str, Adapter] = {
    "trl": Adapter(_always("batch"), partial(trl.adapt, conversational=False), _TRL, False),
    "trl_conversational": Adapter(_always("batch"), partial(trl.adapt, conversational=True), _TRL, False),
    "verl": Adapter(_always("sample"), verl.adapt, ("data_source", "solution_str", "ground_truth", "extra_info"), False),
    "verl_batch": Adapter(
        _always("batch"), verl.adapt_batch, ("data_sources", "solution_strs", "ground_truths", "extra_infos"), False
    ),
    "openrlhf": Adapter(_always("sample"), openrlhf.adapt, ("queries", "prompts", "labels"), True),
    "ms_swift": Adapter(_always("batch"), ms_swift.adapt, ("completions",), True),
    "easyr1": Adapter(easyr1.mode_of, easyr1.adapt, ("reward_inputs",), True),
}
