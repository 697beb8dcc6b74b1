"""Advantage estimators by name, or from a file of one's own: `grpo.estimator` and `grpo.estimator_parameters`.

An estimator is a function `estimate(rewards: StepRewards, **parameters) -> Advantages`. One that has to remember something from
step to step takes a keyword `memory`, a dict of what JSON can hold: it may change it, and the run saves it with its checkpoints.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from rewards.plugins.faults import telling
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec, PluginError
from rl.algo.advantages import (
    Advantages,
    Rewards,
    StepRewards,
    dr_grpo,
    grpo,
    reinforce_plus_plus,
    reinforce_plus_plus_baseline,
    rloo,
)
from rl.algo.ema_grpo import ema_grpo
from rl.algo.gdpo import gdpo

ESTIMATORS: dict[str, Callable[..., Advantages]] = {
    "grpo": grpo,
    "dr_grpo": dr_grpo,
    "rloo": rloo,
    "reinforce++": reinforce_plus_plus,
    "reinforce++_baseline": reinforce_plus_plus_baseline,
    "gdpo": gdpo,
    "ema_grpo": ema_grpo,
}


class Estimator:
    """An advantage estimator with its parameters, and with its memory if it has one."""

    def __init__(self, spec: FunctionSpec, memory: dict[str, Any] | None = None) -> None:
        """
        Args:
            spec: one of `ESTIMATORS` or `file.py:function`, with parameters.
            memory: what the estimator remembers of the steps before; changed in place.

        Raises:
            PluginError: if there is no such estimator, or it does not take the parameters.
        """
        self.name = spec.target
        self.memory = {} if memory is None else memory
        function = load_function("advantage estimator", spec, ESTIMATORS)
        self._function: Callable[..., Advantages] = telling("advantage estimator", spec, function)
        self._remembers = "memory" in inspect.signature(self._function).parameters

    def __call__(self, rewards: StepRewards, of: str = "reward") -> Advantages:
        """Advantages by group and sample.

        Args:
            rewards: the step's.
            of: what is rewarded: `reward` as a whole, a level, a node. Each has a memory of its own.

        Raises:
            PluginError: if it returns anything but a finite number or None for each sample, or, being a user's own, fails.
        """
        memory = {"memory": self.memory.setdefault(of, {})} if self._remembers else {}
        found = self._function(rewards, **memory)
        if problem := _problem(found, rewards.values):
            raise PluginError(f"advantage estimator {self.name!r} must return a finite number or None for each sample; {problem}")
        return found


def _problem(found: Any, values: Rewards) -> str | None:
    """What is wrong with what an estimator returned for these rewards; None if nothing is."""
    try:
        lengths, wanted = [len(group) for group in found], [len(group) for group in values]
        others = [advantage for group in found for advantage in group if not (advantage is None or math.isfinite(advantage))]
    except TypeError as error:
        return f"what it returned is no list of lists of numbers ({error})"
    if lengths != wanted:
        return f"it returned groups of {lengths} for samples in groups of {wanted}"
    return f"it returned {others[0]}" if others else None
