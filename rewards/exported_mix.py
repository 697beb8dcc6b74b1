"""A mix that travels: read where a trainer is set up, pickled, and built in each process in which it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from rewards.host_samples import whole_groups
from rewards.mix import MixEntry, RewardMix, build_mix, with_sources
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError
from rewards.sample import Reward, RewardSample

COUNTS_TOKENS = ("length", "overlong")
"""Shipped scorers that need a completion's number of tokens."""


@dataclass(frozen=True)
class ExportedMix:
    """A mix with the texts of its scorers' files."""

    file: str
    """The YAML file that it was read from, for errors."""
    sha256: str
    """Of all of its settings and texts."""
    entries: tuple[MixEntry, ...] = field(compare=False, repr=False)

    def refuse_lengths(self, why: str) -> None:
        """Raise `PluginError` if the mix needs token ids."""
        self._refuse((e.scorer.name for e in self.entries if e.scorer.target in COUNTS_TOKENS), f"counts tokens; {why}")

    def refuse_groups(self, why: str) -> None:
        """Raise `PluginError` if the settings of a scorer say that it compares within groups; `score` sees what they do not."""
        self._refuse((e.scorer.name for e in self.entries if e.scorer.mode == "group"), f"compares within groups; {why}")

    def score(self, samples: Sequence[RewardSample], group_size: int | None, why_no_groups: str) -> list[Reward]:
        """Score samples.

        Args:
            samples: what one call of the trainer has.
            group_size: how many samples a group has; None if that is not known.
            why_no_groups: what to say then to a mix that compares within groups.

        Raises:
            PluginError: if the mix cannot be built, or compares within groups whose size is not known.
            HostError: if it compares within groups, and a part of one is missing.
        """
        built = _built(self)
        comparing = [item.entry.scorer.name for item in built.scorers if item.runner.mode == "group"]
        if group_size is None:
            self._refuse(comparing, f"compares within groups; {why_no_groups}")
        elif comparing:
            samples = whole_groups(samples, group_size)
        return built.score(samples)

    def _refuse(self, scorers: Iterable[str], why: str) -> None:
        if names := ", ".join(scorers):
            raise PluginError(f"{self.file}: {names} {why}")


def read_exported_mix(file: str) -> ExportedMix:
    """Raises `PluginError` if the file, or one that it names, cannot be read."""
    entries = tuple(with_sources(read_mix(Path(file))))
    return ExportedMix(file, hashlib.sha256(repr(entries).encode()).hexdigest(), entries)


@lru_cache(maxsize=8)
def _built(mix: ExportedMix) -> RewardMix:
    """The process's one mix of these settings."""
    return build_mix(mix.entries)
