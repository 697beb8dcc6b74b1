"""From settings to a reward mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rewards.errors import did_you_mean, nearest_or_all, one_of
from rewards.files import read_settings, type_name
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
    return [_entry(name, given) for name, given in settings.items()]


def _entry(name: str, given: Mapping[str, Any]) -> MixEntry:
    known = (*_OF_MIX, *_OF_SCORER)
    unknown = sorted(str(key) for key in given if key not in known)
    tasks, weight = given.get("tasks", ("*",)), given.get("weight", 1.0)
    texts = isinstance(tasks, (list, tuple)) and all(isinstance(task, str) for task in tasks)
    spec, parameters = given.get("spec", ""), given.get("parameters", {})
    broken = [
        message
        for holds, message in (
            (not unknown, f"unknown key {', '.join(unknown)}" + (nearest_or_all(unknown[0], known) if unknown else "")),
            (texts and bool(tasks), f"tasks must be a list of patterns, such as [rationale], found {tasks!r}"),
            (_is_weight(weight), f"weight must be a number of 0 or more, found {weight!r}"),
            (isinstance(spec, str), f"spec must be text, such as file.py:function, found {spec!r}"),
            (isinstance(parameters, Mapping), f"parameters must be `key: value` pairs, found {parameters!r}"),
        )
        if not holds
    ]
    if broken:
        raise PluginError(f"scorer {name!r}: {'; '.join(broken)}")
    scorer = ScorerSpec(name, **{key: given[key] for key in _OF_SCORER if key in given})
    level = given.get("level") or SHIPPED_LEVELS.get(scorer.target)
    if level not in (None, *LEVELS):
        raise PluginError(f"scorer {name!r}: level {one_of(level, LEVELS)}")
    return MixEntry(scorer, float(weight), tuple(tasks), level)


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 <= weight < math.inf


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
    return mix_entries(mix_settings(named_file(str(file))))


def mix_settings(file: Path, above: tuple[Path, ...] = ()) -> dict[str, dict[str, Any]]:
    """The scorers' settings in a YAML file: one with `scorers` alone, or a run's config.

    Args:
        file: to read.
        above: files whose `rewards.mix` led here.

    Raises:
        PluginError: if the file is missing or names no scorers.
    """
    found = read_settings(file, PluginError)
    rewards = found.get("rewards") or found
    if file.resolve() in above:
        raise PluginError(f"{file}: its rewards.mix leads back to itself; name another file there")
    if not isinstance(rewards, Mapping):
        raise PluginError(f"{file}: `rewards` must be `key: value` pairs, found {type_name(rewards)}")
    scorers, mix = rewards.get("scorers") or {}, rewards.get("mix")
    if not isinstance(mix, (str, type(None))):
        raise PluginError(f"{file}: `mix` must be the name of a YAML file, found {type_name(mix)}")
    below = mix_settings(named_file(mix), (*above, file.resolve())) if mix else {}
    if not isinstance(scorers, Mapping) or not (scorers or below):
        hint = "".join(did_you_mean(key, ("scorers", "rewards")) for key in list(found)[:1])
        raise PluginError(f"{file}: names no scorers; it needs `scorers:`, `rewards: scorers:` or `rewards: mix:`{hint}")
    wrong = [str(name) for name, settings in scorers.items() if not isinstance(settings, (Mapping, type(None)))]
    if wrong:
        raise PluginError(
            f"{file}: the settings of {', '.join(wrong)} must be `key: value` pairs, such as {{spec: file.py:function}}"
        )
    own = {str(name): dict(settings or {}) for name, settings in scorers.items()}
    return {name: {**below.get(name, {}), **own.get(name, {})} for name in (*below, *(n for n in own if n not in below))}


def named_file(name: str) -> Path:
    """A file as a config names it: from here, or from where affectree's own configs are if it is not here."""
    shipped = Path(__file__).resolve().parent.parent / name
    return shipped if shipped.exists() and not Path(name).exists() else Path(name)
