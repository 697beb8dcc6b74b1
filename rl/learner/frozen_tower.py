"""A vision side that is not trained: its tower runs once for each video or image, however often that is learned from."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import torch
from torch import nn

from rl.learner.batch import TokenBatch
from rl.learner.deepspeed_engine import all_max, gathered
from rl.learner.tower_cache import Features, TowerCache, joined

Tower = Callable[[torch.Tensor, torch.Tensor], Features]
"""(patches of all media, their grids) -> their features."""
Blank = Callable[[torch.device], tuple[torch.Tensor, torch.Tensor]]
"""Device -> (patches, grid) of the smallest clip that there is."""


class FrozenTower:
    """Knows one tower's features in a cache that may have those of others as well.

    The tower runs for one medium at a time, so that what it makes of it depends on nothing else, to the last bit.
    """

    def __init__(self, visual: nn.Module, cache: TowerCache) -> None:
        """A collective of all ranks where ZeRO-3 has sharded the tower.

        Args:
            visual: the tower, with what leads from it into the language model; its weights do not change any more.
            cache: where features are kept.
        """
        self.cache, self.digest = cache, tower_digest(visual)
        self._sharded = any(hasattr(parameter, "ds_id") for parameter in visual.parameters())

    @torch.no_grad()
    def features(self, batch: TokenBatch, run: Tower, blank: Blank) -> Features | None:
        """Features of a batch's distinct media, in their order; None where it has none. A collective of all ranks where ZeRO-3
        has sharded the tower: each lets it run as often as the one that lacks most.

        Args:
            batch: has the media.
            run: lets the tower run.
            blank: what to run it on where the media are at hand, but not those of other ranks.
        """
        names = [self.cache.name(medium) for medium in batch.media]
        device = batch.input_ids.device
        known = {name: self.cache.get(self.digest, name) for name in dict.fromkeys(names)}
        lacking = [name for name, found in known.items() if found is None]
        passes = int(all_max(len(lacking), device)) if self._sharded else len(lacking)
        found = {name: features.to(device) for name, features in known.items() if features is not None}
        for name in lacking:
            found[name] = run(*_one_of(batch, names.index(name)))
            self.cache.put(self.digest, name, found[name])
        for _ in range(passes - len(lacking)):
            run(*blank(device))
        return joined([found[name] for name in names]) if names else None


def _one_of(batch: TokenBatch, place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches and grid of one of a batch's media."""
    assert batch.pixel_values is not None and batch.grids is not None
    sizes = batch.grids.prod(-1).tolist()
    return batch.pixel_values.split(sizes)[place], batch.grids[place : place + 1]


def tower_digest(visual: Any) -> str:
    """A name for all that a tower's output depends on, besides pixels: its weights, as they are rounded, and its config. A
    collective of all ranks where ZeRO-3 has sharded it."""
    digest = blake2b(repr(sorted(visual.config.to_dict().items(), key=lambda item: item[0])).encode(), digest_size=16)
    for name, parameter in visual.named_parameters():
        with gathered([parameter]):
            digest.update(f"{name} {parameter.dtype} {tuple(parameter.shape)}".encode())
            digest.update(parameter.detach().flatten().cpu().view(torch.uint8).numpy())
    return digest.hexdigest()
