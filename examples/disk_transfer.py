"""A weight transfer of one's own: through a file in a folder that learner and engines share, such as one on NFS or Lustre.

For clusters whose nodes have a fast shared file system, and a slow network between their object stores:

    affectree train CONFIG rollout.transfer=examples/disk_transfer.py:DiskTransfer \\
        rollout.transfer_parameters.folder=/shared/weights
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.learners.group import LearnerGroup
from actors.pool.slot import Engine
from actors.sync.transfer import Underway
from actors.weights.handles import WeightHandle
from rl.config.schema import RolloutConfig


class DiskTransfer:
    """The learner writes a safetensors file, which each engine maps. The file of the last sync stays for engines that come
    later, until the next sync puts another in its place."""

    def __init__(self, learners: LearnerGroup, rollout: RolloutConfig, folder: str) -> None:
        """
        Args:
            learners: the ranks whose weights are sent.
            rollout: the config's section.
            folder: where every node sees the same files; it is made if it is not there.
        """
        self._learners, self._timeout = learners, rollout.sync_timeout
        self._file = Path(folder).absolute() / "weights.safetensors"

    @property
    def bytes(self) -> int:
        return self._file.stat().st_size

    def prepare(self) -> None:
        self._learners.run(write, str(self._file), timeout=self._timeout)

    def start(self, engines: Sequence[Engine], version: int) -> Underway:
        handles = [WeightHandle(str(self._file), engine.node, self.bytes) for engine in engines]
        loads = [engine.actor.load.remote(handle, None, version) for engine, handle in zip(engines, handles, strict=True)]
        return Underway(dict(zip(loads, engines, strict=True)))

    def again(self) -> DiskTransfer:
        return self


def write(learner: Any, file: str) -> None:
    """On every rank: gather the weights, which rank 0 alone is given, and write them aside, then into place."""
    from safetensors.torch import save_file

    weights = {name: tensor.to("cpu", learner.dtype, copy=True).contiguous() for name, tensor in learner.weights(merge=True)}
    if learner.rank == 0:
        partial = Path(f"{file}.partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, partial)
        partial.replace(file)
