"""vLLM's end of a sync, through its own weight-transfer interface: each worker process takes the weights, layer by layer.

The weights come as a safetensors file that the worker maps, in shared memory or on a disk, or by broadcast in a group that the
worker joins. LoRA adapters come in a folder.

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
from actors.engine.counting import let_counts_be_read
from actors.engine.in_place import packed_in_place
from actors.engine.norms import use_one_kernel
from actors.engine.process_guard import end_with_engine
from actors.engine.repairs import keep_media_of_cached_prompts
from actors.weights.group import WeightGroup, find_store
from actors.weights.handles import BACKEND, BroadcastHandle
from actors.weights.image import MappedImage
from rewards.errors import UserError


@dataclass
class NothingToAgreeOn(WeightTransferInitInfo):
    """What is agreed on before the first update: nothing, since each update says how it comes."""


@dataclass
class WeightUpdate(WeightTransferUpdateInfo):
    """Where new weights are: every tensor of the checkpoint, tied ones included, in a file or by broadcast; or an adapter."""

    path: str | None = None
    """A safetensors file that this node can read."""
    crc32: int | None = None
    """The checksum that the file has to have; None for no check."""
    broadcast: dict[str, Any] | None = None
    """The fields of a `BroadcastHandle`."""
    adapter: str | None = None
    """A folder with the policy's LoRA adapter, which is loaded afterwards; by itself, or beside the weights under it."""


class IncompleteUpdate(RuntimeError):
    """An update that left some of the engine's parameters as they were."""


class BrokenWeights(UserError):
    """A file of weights that is gone, or is not what the learner wrote."""


class WeightLoader(WeightTransferEngine[NothingToAgreeOn, WeightUpdate]):
    """Loads weights in checkpoint format, in each of vLLM's worker processes.

    On CPUs linear layers are packed and their parameters deleted after loading. Weights are therefore loaded through vLLM's
    layerwise reload, which restores the layers first.
    """

    init_info_cls = NothingToAgreeOn
    update_info_cls = WeightUpdate

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._mapped: MappedImage | None = None
        self._group: tuple[int, WeightGroup] | None = None
        """The group of the last broadcast, with the port of its rendezvous: (port, group)."""

    def init_transfer_engine(self, init_info: NothingToAgreeOn) -> None:
        """Does nothing, since each update brings what it needs; vLLM calls it once."""

    def start_weight_update(self) -> None:
        """Have the layers wait for weights."""
        from vllm.model_executor.model_loader.reload import initialize_layerwise_reload

        for _, progress in self._under_way():  # of an update that failed half way; vLLM would count on from there
            progress.load_numel = 0
            progress.loaded_weights.clear()
        initialize_layerwise_reload(self.model)

    def receive_weights(self, update_info: WeightUpdate) -> None:
        """Load the weights or the adapter of an update.

        Raises:
            IncompleteUpdate: if some parameters got nothing.
            BrokenWeights: if the file is gone, or is not what the learner wrote.
            IncompleteAdapter: if the adapter does not fit the model's layers.
        """
        if update_info.adapter is not None:
            check_adapter(self.model, Path(update_info.adapter))
        if update_info.broadcast is not None:
            self._load(self._broadcast(BroadcastHandle(**update_info.broadcast)))
        elif update_info.path is not None:
            weights = self._read(Path(update_info.path), update_info.crc32)
            with packed_in_place():  # the file stays as it is for as long as this takes
                self._load(weights)

    def _load(self, weights: Iterator[tuple[str, torch.Tensor]]) -> None:
        # what has an adapter in vLLM is called otherwise there than in the checkpoint
        expected = {name.replace(".base_layer.", ".") for name, _ in self.model.named_parameters()}
        model: Any = self.model
        loaded = model.load_weights(weights)
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
        if crc32 is not None and (found := zlib.crc32(np.memmap(path, mode="r").data)) != crc32:
            raise BrokenWeights(f"the weights at {path} have checksum {found:08x}, the learner's {crc32:08x}")
        if self._mapped is None or not self._mapped.same_as(path):
            self._mapped = MappedImage(path)
        return self._mapped.tensors()

    def _broadcast(self, handle: BroadcastHandle) -> Iterator[tuple[str, torch.Tensor]]:
        if self._group is None or self._group[0] != handle.port:
            self._group = None  # its other processes may be dead
            store = find_store(handle.address, handle.port, handle.timeout)
            rank = handle.first + self.parallel_config.rank
            self._group = handle.port, WeightGroup(store, rank, handle.size, self.device, handle.timeout)
        return self._group[1].receive(handle.shapes, getattr(torch, handle.dtype))

    def finish_weight_update(self) -> None:
        """Have the layers compute with what they were given."""
        from vllm.model_executor.model_loader.reload import finalize_layerwise_reload

        finalize_layerwise_reload(self.model, self.model_config)

    def shutdown(self) -> None:
        """Leave the broadcast group."""
        self._group = None


def register() -> None:
    """Make the backend known to vLLM, in whichever of its processes this is."""
    end_with_engine()
    keep_media_of_cached_prompts()
    let_counts_be_read()
    use_one_kernel()
    if BACKEND not in WeightTransferEngineFactory._registry:
        WeightTransferEngineFactory.register_engine(BACKEND, WeightLoader)
