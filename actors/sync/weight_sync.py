"""Who is given which weights, and when."""

from __future__ import annotations

from functools import partial

from actors.learners import LearnerGroup
from actors.sync.adapter import AdapterTransfer
from actors.sync.broadcast import BroadcastTransfer
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import Transfer
from rl.config.schema import RolloutConfig


class Deliveries:
    """Chooses the way that a run's weights take."""

    def __init__(self, learners: LearnerGroup, rollout: RolloutConfig, adapter_alone: bool) -> None:
        """
        Args:
            learners: whose weights they are.
            rollout: says which way, with checksums or not, and how long it may take.
            adapter_alone: engines are sent the adapters, not weights that they are merged into.
        """
        self._learners, self._rollout, self._adapter_alone = learners, rollout, adapter_alone
        self._base: tuple[int, MemoryTransfer] | None = None

    def next(self) -> Transfer:
        """Of the weights that the learner has now."""
        learners, rollout = self._learners, self._rollout
        if rollout.transfer == "broadcast":
            return BroadcastTransfer(learners, rollout.tensor_parallel, rollout.sync_timeout)
        memory = MemoryTransfer(partial(learners.weights, rollout.checksum, rollout.sync_timeout), learners.weight_copy)
        if self._adapter_alone:
            if self._base is None or self._base[0] != learners.bases:
                self._base = learners.bases, memory
            return AdapterTransfer(self._base[1], partial(learners.adapter, rollout.sync_timeout))
        return memory
