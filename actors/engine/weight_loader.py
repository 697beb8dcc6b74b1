"""Weights on their way from the learner to vLLM, through vLLM's own weight-transfer interface.

Either through host memory: the learner writes one safetensors image, Ray's object store carries it between nodes, and on each
engine's node it is a file in shared memory, which the engine's worker maps. Or by broadcast, in a group that the engine's
worker joins. Both are loaded layer by layer.

vLLM finds `register` through the entry point group `vllm.general_plugins` in each process that it starts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from vllm.distributed.weight_transfer.base import (
    WeightTransferEngine,
    WeightTransferInitInfo,
    WeightTransferUpdateInfo,
)
from vllm.distributed.weight_transfer.factory import WeightTransferEngineFactory

from actors.engine.adapters import check_adapter
from actors.engine.process_guard import end_with_engine
from actors.engine.repairs import keep_media_of_cached_prompts
from actors.weights.group import WeightGroup, find_store
from actors.weights.handles import BACKEND, BroadcastHandle
from actors.weights.image import MappedImage
from rewards.errors import UserError


@dataclass
class NothingToAgreeOn(WeightTransferInitInfo):
    """Each update says how it comes."""


@dataclass
class WeightUpdate(WeightTransferUpdateInfo):
    """Every tensor of the checkpoint, tied ones included, by one of two ways; or what changes is in an adapter alone."""

    path: str | None = None
    """A safetensors file on this node."""
    crc32: int | None = None
    """What the file's checksum has to be, if anybody wants to know."""
    broadcast: dict[str, Any] | None = None
    """The fields of a `BroadcastHandle`."""
    adapter: str | None = None
    """A folder with the policy's adapter, which is loaded afterwards; by itself, or beside the weights under it."""


class IncompleteUpdate(RuntimeError):
    """An update that left some of the engine's parameters as they were."""


class BrokenWeights(UserError):
    """Weights that are not, or no longer, what the learner wrote."""


class WeightLoader(WeightTransferEngine[NothingToAgreeOn, WeightUpdate]):
    """Loads checkpoint-format weights, in each of vLLM's worker processes.

    CPU linear layers are packed and their parameters deleted after loading, so weights are loaded through
    vLLM's layerwise reload, which restores the layers first.
    """

    init_info_cls = NothingToAgreeOn
    update_info_cls = WeightUpdate

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._mapped: MappedImage | None = None
        self._group: tuple[int, WeightGroup] | None = None
        """The port where it met, and the group."""

    def init_transfer_engine(self, init_info: NothingToAgreeOn) -> None:
        """Each update brings what it needs."""

    def start_weight_update(self) -> None:
        from vllm.model_executor.model_loader.reload import initialize_layerwise_reload

        for _, progress in self._under_way():  # of an update that failed half way; vLLM would count on from there
            progress.load_numel = 0
            progress.loaded_weights.clear()
        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: WeightUpdate) -> None:
        if update_info.adapter is not None:
            check_adapter(self.model, Path(update_info.adapter))
        if update_info.broadcast is not None:
            self._load(self._broadcast(BroadcastHandle(**update_info.broadcast)))
        elif update_info.path is not None:
            self._load(self._read(Path(update_info.path), update_info.crc32))

    def _load(self, weights: Iterator[tuple[str, torch.Tensor]]) -> None:
        # what has an adapter in vLLM is called otherwise there than in the checkpoint
        expected = {name.replace(".base_layer.", ".") for name, _ in self.model.named_parameters()}
        loaded = self.model.load_weights(weights)
        missing = sorted(expected - set(loaded or ()))
        if loaded is not None and missing:
            raise IncompleteUpdate(f"the sync left {len(missing)} engine parameters as they were, e.g. {missing[:3]}")
        # one of several that vLLM has fused, such as gate and up; vocabularies are padded beyond what a checkpoint has
        halves = [
            name
            for name, progress in self._under_way()
            if 0 < progress.load_numel < progress.load_numel_total
            and not hasattr(self.model.get_submodule(name), "org_vocab_size")
        ]
        if halves:
            raise IncompleteUpdate(f"the sync brought only parts of {len(halves)} engine layers, e.g. {halves[:3]}")

    def _under_way(self) -> Iterator[tuple[str, Any]]:
        """Name of each layer that waits for weights, and what vLLM knows of those that have come."""
        from vllm.model_executor.model_loader.reload.layerwise import get_layerwise_info

        for name, layer in self.model.named_modules():
            if (progress := get_layerwise_info(layer)).can_load():
                yield name, progress

    def _read(self, path: Path, crc32: int | None) -> Iterator[tuple[str, torch.Tensor]]:
        if not path.exists():
            raise BrokenWeights(f"the weights at {path} are gone: the learner rank that wrote them has died")
        if crc32 is not None and (found := zlib.crc32(np.memmap(path, mode="r"))) != crc32:
            raise BrokenWeights(f"the weights at {path} have checksum {found:08x}, the learner's {crc32:08x}")
        if self._mapped is None or not self._mapped.same_as(path):
            self._mapped = MappedImage(path)
        return self._mapped.tensors()

    def _broadcast(self, meeting: BroadcastHandle) -> Iterator[tuple[str, torch.Tensor]]:
        if self._group is None or self._group[0] != meeting.port:
            self._group = None  # whose others may be dead
            store = find_store(meeting.address, meeting.port, meeting.timeout)
            rank = meeting.first + self.parallel_config.rank
            self._group = meeting.port, WeightGroup(store, rank, meeting.size, self.device, meeting.timeout)
        return self._group[1].receive(meeting.shapes, getattr(torch, meeting.dtype))

    def finish_weight_update(self) -> None:
        from vllm.model_executor.model_loader.reload import finalize_layerwise_reload

        finalize_layerwise_reload(self.model, self.model_config)

    def shutdown(self) -> None:
        self._group = None


def register() -> None:
    """Make the backend known to vLLM, in whichever of its processes this is."""
    end_with_engine()
    keep_media_of_cached_prompts()
    if BACKEND not in WeightTransferEngineFactory._registry:
        WeightTransferEngineFactory.register_engine(BACKEND, WeightLoader)
