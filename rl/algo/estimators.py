"""Advantage estimators by name, or from a file of one's own: `grpo.estimator` and `grpo.estimator_parameters`.

An estimator is a function `estimate(rewards: StepRewards, **parameters) -> Advantages`. One that has to remember something from
step to step takes a keyword `memory`, a dict of what JSON can hold: it may change it, and the run saves it with its checkpoints.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec
from rl.algo.advantages import (
    Advantages,
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
        self._function: Callable[..., Advantages] = load_function("advantage estimator", spec, ESTIMATORS)
        self._remembers = "memory" in inspect.signature(self._function).parameters

    def __call__(self, rewards: StepRewards, of: str = "reward") -> Advantages:
        """Advantages by group and sample.

        Args:
            rewards: the step's.
            of: what is rewarded: `reward` as a whole, a level, a node. Each has a memory of its own.
        """
        if not self._remembers:
            return self._function(rewards)
        return self._function(rewards, memory=self.memory.setdefault(of, {}))
