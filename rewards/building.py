"""From settings to a reward mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from rewards.isolation import start_runner
from rewards.mix import LEVELS, RewardMix, WeightedScorer
from rewards.plugins import PluginError, ScorerSpec, with_source

SHIPPED_LEVELS = {"leaf": "attribute", "expression": "expression", "root": "emotion"}


@dataclass(frozen=True)
class MixEntry:
    """A scorer and its part in the mix, before it is loaded."""

    scorer: ScorerSpec
    weight: float = 1.0
    tasks: tuple[str, ...] = ("*",)
    level: str | None = None


_OF_MIX = ("weight", "tasks", "level")
_OF_SCORER = ("spec", "parameters", "mode", "isolation", "adapter", "timeout", "retries", "on_error", "memory_gib")


def mix_entries(settings: Mapping[str, Mapping[str, Any]]) -> list[MixEntry]:
    """Read plain settings, one mapping for each scorer, as under `rewards.scorers` of a config.

    Raises:
        PluginError: for an unknown key or level.
    """
    entries = []
    for name, given in settings.items():
        unknown = sorted(set(given) - {*_OF_MIX, *_OF_SCORER})
        if unknown:
            allowed = ", ".join((*_OF_MIX, *_OF_SCORER))
            raise PluginError(f"scorer {name!r}: unknown key {', '.join(unknown)}; known are {allowed}")
        tasks, weight = given.get("tasks", ("*",)), given.get("weight", 1.0)
        if isinstance(tasks, str) or not tasks:
            raise PluginError(f"scorer {name!r}: tasks must be a list of patterns, found {tasks!r}")
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < math.inf:
            raise PluginError(f"scorer {name!r}: weight must be a number of 0 or more, found {weight!r}")
        spec = ScorerSpec(name, **{key: given[key] for key in _OF_SCORER if key in given})
        level = given.get("level") or SHIPPED_LEVELS.get(spec.target)
        if level not in (None, *LEVELS):
            raise PluginError(f"scorer {name!r}: level must be one of {', '.join(LEVELS)}, found {level!r}")
        entries.append(MixEntry(spec, float(weight), tuple(tasks), level))
    return entries


def with_sources(entries: Sequence[MixEntry]) -> list[MixEntry]:
    """The entries with the text of their files, so that workers elsewhere need no file and all score alike."""
    return [replace(entry, scorer=with_source(entry.scorer)) for entry in entries]


def build_mix(entries: Sequence[MixEntry]) -> RewardMix:
    """Put every scorer to its place. Raises `PluginError` for one that cannot be had."""
    started: list[WeightedScorer] = []
    try:
        for entry in entries:
            started.append(WeightedScorer(start_runner(entry.scorer), entry.weight, entry.tasks, entry.level))
    except PluginError:
        RewardMix(started).close()
        raise
    return RewardMix(started)


def read_mix(file: Path) -> list[MixEntry]:
    """The mix of a YAML file. Raises as `mix_settings` and `mix_entries` do."""
    return mix_entries(mix_settings(file))


def mix_settings(file: Path) -> dict[str, dict[str, Any]]:
    """The scorers' settings in a YAML file: one with `scorers` alone, or a run's config.

    Raises:
        PluginError: if the file is missing or names no scorers.
    """
    if not file.is_file():
        raise PluginError(f"{file}: no such file")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PluginError(f"{file}: not valid YAML ({' '.join(str(error).split())[:200]})") from error
    found = content if isinstance(content, Mapping) else {}
    rewards = found.get("rewards") or found
    scorers = rewards.get("scorers") or {}
    below = mix_settings(find_mix(rewards["mix"])) if rewards.get("mix") else {}
    if not isinstance(scorers, Mapping) or not (scorers or below):
        raise PluginError(f"{file}: names no scorers; it needs `scorers:`, `rewards: scorers:` or `rewards: mix:`")
    wrong = [name for name, settings in scorers.items() if settings is not None and not isinstance(settings, Mapping)]
    if wrong:
        raise PluginError(
            f"{file}: the settings of {', '.join(wrong)} must be `key: value` pairs, such as {{spec: file.py:function}}"
        )
    own = {name: dict(settings or {}) for name, settings in scorers.items()}
    return {name: {**below.get(name, {}), **own.get(name, {})} for name in (*below, *(n for n in own if n not in below))}


def find_mix(name: str) -> Path:
    """A mix file as a config names it: from here, or from where affectree's own configs are."""
    return Path(name) if Path(name).is_file() else Path(__file__).resolve().parent.parent / name
