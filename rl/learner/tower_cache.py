"""What vision towers made of videos and images, kept within a budget in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from rollout.media.medium import Medium
from rollout.media.store import cache_of_bytes


@dataclass(frozen=True)
class Features:
    """What a vision tower makes of one or several media, one after the other."""

    merged: torch.Tensor
    """(features, hidden): what takes the place of the placeholders' embeddings."""
    deeper: tuple[torch.Tensor, ...] = ()
    """The same for each deeper layer of the language model that takes some."""

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return sum(layer.nbytes for layer in (self.merged, *self.deeper))

    def to(self, device: torch.device | str) -> Features:
        """The features on a device."""
        return Features(self.merged.to(device), tuple(layer.to(device) for layer in self.deeper))


def joined(features: Sequence[Features]) -> Features:
    """Features of several media, one after the other; at least one."""
    deeper = zip(*(one.deeper for one in features), strict=True)
    return Features(torch.cat([one.merged for one in features]), tuple(torch.cat(layer) for layer in deeper))


class TowerCache:
    """Keeps features in host memory. Those that were used longest ago go first."""

    def __init__(self, budget_bytes: int, name: Callable[[Medium], str]) -> None:
        """
        Args:
            budget_bytes: what all features together may take.
            name: of a medium's frames, the same for the same frames only, as `MediaStore.name` gives it.
        """
        self.name = name
        self._kept = cache_of_bytes(budget_bytes, lambda features: features.nbytes)
        self._hits = self._computed = 0

    def get(self, tower: str, name: str) -> Features | None:
        """What a tower made of a medium, if it is still there.

        Args:
            tower: the tower's digest.
            name: the medium's, by `name`.
        """
        found: Features | None = self._kept.get((tower, name))
        self._hits += found is not None
        return found

    def put(self, tower: str, name: str, features: Features) -> None:
        """Keep what a tower made of a medium that was not there."""
        self._kept[tower, name] = features.to("cpu")
        self._computed += 1

    def counts(self) -> dict[str, float]:
        """What was asked for since the last call: media whose features were there, and media for which a tower had to run."""
        found = {"tower_hits": float(self._hits), "tower_computed": float(self._computed)}
        self._hits = self._computed = 0
        return found
