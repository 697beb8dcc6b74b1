"""From settings to a reward mix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rewards.mix import RewardMix, WeightedScorer
from rewards.plugins import load_scorer


class ScorerSettings(Protocol):
    spec: str
    weight: float
    tasks: list[str]
    parameters: dict[str, Any]


def build_mix(settings: Mapping[str, ScorerSettings]) -> RewardMix:
    """Load every scorer that the settings name. Raises `PluginError` for one that cannot be had."""
    return RewardMix(
        [
            WeightedScorer(load_scorer(name, s.spec or name, s.parameters), s.weight, tuple(s.tasks))
            for name, s in settings.items()
        ]
    )
