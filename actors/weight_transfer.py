"""Weights on their way from the learner to vLLM, through vLLM's own weight-transfer interface and host memory.

The learner writes one safetensors image; Ray's object store carries it between nodes; on each engine's node
it becomes a file in shared memory, which the engine's worker maps and loads layer by layer.

vLLM finds `register` through the entry point group `vllm.general_plugins` in each process that it starts.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from vllm.distributed.weight_transfer.base import (
    WeightTransferEngine,
    WeightTransferInitInfo,
    WeightTransferUpdateInfo,
)
from vllm.distributed.weight_transfer.factory import WeightTransferEngineFactory

from actors.mapped_weights import MappedWeights
from actors.vllm_repairs import keep_media_of_cached_prompts

BACKEND = "shared_memory"


@dataclass
class SharedMemoryInitInfo(WeightTransferInitInfo):
    """Nothing to agree on: the image describes itself."""


@dataclass
class SharedMemoryUpdateInfo(WeightTransferUpdateInfo):
    path: str
    """A safetensors file on this node that holds every tensor of the checkpoint, tied ones included."""
    crc32: int | None = None
    """What the file's checksum has to be, if anybody wants to know."""


class IncompleteUpdate(RuntimeError):
    """An update that left some of the engine's parameters as they were."""


class BrokenShipment(RuntimeError):
    """Weights that are not, or no longer, what the learner wrote."""


class SharedMemoryWeightTransfer(WeightTransferEngine[SharedMemoryInitInfo, SharedMemoryUpdateInfo]):
    """Loads checkpoint-format weights from a file in shared memory.

    CPU linear layers are packed and their parameters deleted after loading, so weights are loaded through
    vLLM's layerwise reload, which restores the layers first.
    """

    init_info_cls = SharedMemoryInitInfo
    update_info_cls = SharedMemoryUpdateInfo

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._mapped: MappedWeights | None = None

    def init_transfer_engine(self, init_info: SharedMemoryInitInfo) -> None:
        """Nothing to rendezvous with."""

    def start_weight_update(self) -> None:
        from vllm.model_executor.model_loader.reload import initialize_layerwise_reload

        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: SharedMemoryUpdateInfo) -> None:
        expected = {name for name, _ in self.model.named_parameters()}
        path = Path(update_info.path)
        if not path.exists():
            raise BrokenShipment(f"the weights at {path} are gone: the learner rank that wrote them has died")
        if update_info.crc32 is not None and (found := zlib.crc32(np.memmap(path, mode="r"))) != update_info.crc32:
            raise BrokenShipment(f"the weights at {path} have checksum {found:08x}, the learner's {update_info.crc32:08x}")
        if self._mapped is None or not self._mapped.same_as(path):
            self._mapped = MappedWeights(path)
        loaded = self.model.load_weights(self._mapped.tensors())
        missing = sorted(expected - set(loaded or ()))
        if loaded is not None and missing:
            raise IncompleteUpdate(f"the sync left {len(missing)} engine parameters as they were, e.g. {missing[:3]}")

    def finish_weight_update(self) -> None:
        from vllm.model_executor.model_loader.reload import finalize_layerwise_reload

        finalize_layerwise_reload(self.model, self.model_config)

    def shutdown(self) -> None:
        """Holds nothing."""


def register() -> None:
    """Make the backend known to vLLM, in whichever of its processes this is."""
    keep_media_of_cached_prompts()
    if BACKEND not in WeightTransferEngineFactory._registry:
        WeightTransferEngineFactory.register_engine(BACKEND, SharedMemoryWeightTransfer)
