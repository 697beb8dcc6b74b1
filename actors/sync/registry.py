"""Transfers by name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence

from ray import cloudpickle

from actors.learners.group import LearnerGroup
from actors.sync.adapter import AdapterTransfer
from actors.sync.broadcast import BroadcastTransfer
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import MakesTransfer, Transfer
from actors.weights.handles import adapter_alone
from rewards.plugins.loading import find_function
from rewards.plugins.signatures import check_parameters
from rewards.plugins.spec import FunctionSpec
from rl.config.schema import ModelConfig, RolloutConfig

TRANSFERS: Mapping[str, MakesTransfer] = {"memory": MemoryTransfer, "broadcast": BroadcastTransfer}
"""What `rollout.transfer` may name, besides `path/file.py:MyTransfer`."""
GIVEN: Sequence[str] = ("learners", "rollout")
"""Arguments that a transfer is made with, besides those of `rollout.transfer_parameters`."""


def make_transfer(learners: LearnerGroup, model: ModelConfig, rollout: RolloutConfig) -> Transfer:
    """The transfer that a run's weights take.

    Args:
        learners: the ranks whose weights are sent.
        model: the config's section; says whether engines are sent LoRA adapters alone.
        rollout: the config's section; where they are not, its `transfer` names a shipped transfer or a stranger's.

    Raises:
        PluginError: if a stranger's file cannot be loaded, lacks what was named, or does not take the parameters.
    """
    if adapter_alone(model):
        return AdapterTransfer(learners, rollout)
    spec = FunctionSpec(rollout.transfer, rollout.transfer_parameters)
    make = find_function("weight transfer", spec, TRANSFERS)
    check_parameters("weight transfer", spec.target, inspect.signature(make), spec.parameters, GIVEN)
    if ".py:" in spec.target:  # learner ranks, which are sent functions of it, may lack the file
        cloudpickle.register_pickle_by_value(sys.modules[make.__module__])
    transfer: Transfer = make(learners, rollout, **spec.parameters)
    return transfer
