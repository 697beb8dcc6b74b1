"""A mix from settings: one mapping for each scorer, as in a mix file or under `rewards.scorers` of a run's config."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewards.bases import read_layers, settings_file
from rewards.errors import did_you_mean, nearest_or_all, one_of
from rewards.files import type_name
from rewards.mix import MixEntry
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.tree.nodes import LEVELS

SHIPPED_LEVELS = {"leaf": "attribute", "expression": "expression", "edges": "expression", "root": "emotion"}
"""The level of the tree that a shipped scorer judges, if its settings name none."""

_OF_MIX = ("weight", "tasks", "level")
_OF_SCORER = (
    *("spec", "parameters", "mode", "isolation", "adapter", "timeout", "retries", "on_error", "memory_gib"),
    *("factory", "env"),
)


def read_mix(file: Path) -> list[MixEntry]:
    """The mix of a YAML file.

    Raises:
        PluginError: as `read_mix_settings` and `mix_entries` do, and if every weight is 0.
    """
    entries = mix_entries(read_mix_settings(settings_file(str(file))))
    if not any(entry.weight for entry in entries):
        names = ", ".join(entry.scorer.name for entry in entries)
        raise PluginError(f"{file}: {names} only observe, with weight 0; give one scorer a weight above 0")
    return entries


def read_mix_settings(file: Path, above: tuple[Path, ...] = ()) -> dict[str, dict[str, Any]]:
    """The scorers' settings in a YAML file, by scorer. The file is a mix (`scorers:` alone) or a run's config.

    Args:
        file: the file; its bases are read too.
        above: files whose `rewards.mix` led here.

    Raises:
        PluginError: if the file is missing, names no scorers, or leads back to itself.
    """
    if file.resolve() in above:
        raise PluginError(f"{file}: its rewards.mix leads back to itself; name another file there")
    layers = read_layers(file, PluginError)
    sections = [(where, found.get("rewards") or found) for where, found in layers]
    for where, rewards in sections:
        if not isinstance(rewards, Mapping):
            raise PluginError(f"{where}: `rewards` must be `key: value` pairs, found {type_name(rewards)}")
    mixes = [rewards["mix"] for _, rewards in sections if "mix" in rewards]
    mix = mixes[-1] if mixes else None
    if not isinstance(mix, (str, type(None))):
        raise PluginError(f"{file}: `mix` must be the name of a YAML file, found {type_name(mix)}")
    found = read_mix_settings(settings_file(mix), (*above, file.resolve())) if mix else {}
    for where, rewards in sections:
        found = _laid_over(found, rewards.get("scorers") or {}, where)
    if not found:
        hint = "".join(did_you_mean(key, ("scorers", "rewards")) for key in list(layers[-1][1])[:1])
        raise PluginError(f"{file}: names no scorers; it needs `scorers:`, `rewards: scorers:` or `rewards: mix:`{hint}")
    return found


def _laid_over(below: Mapping[str, dict[str, Any]], scorers: Any, where: str) -> dict[str, dict[str, Any]]:
    """Scorers with those of another file over them, setting by setting; null takes one out."""
    if not isinstance(scorers, Mapping):
        raise PluginError(f"{where}: `scorers` must be `key: value` pairs, found {type_name(scorers)}")
    found = dict(below)
    for name, settings in ((str(name), settings) for name, settings in scorers.items()):
        if settings is None and name in found:
            del found[name]
        elif isinstance(settings, Mapping):
            found[name] = {**found.get(name, {}), **settings}
        else:
            hint = "; {} takes its defaults" if settings is None else ""
            raise PluginError(
                f"{where}: the settings of {name} must be `key: value` pairs, such as {{spec: file.py:function}}{hint}"
            )
    return found


def mix_entries(settings: Mapping[str, Mapping[str, Any]]) -> list[MixEntry]:
    """The entries of a mix from its settings, by scorer.

    Raises:
        PluginError: for an unknown key, or a value of another type or range.
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
    if scorer.on_error == "fail" and not weight:
        raise PluginError(f"scorer {name!r}: on_error must not be fail with weight 0, which observes and never stops a run")
    level = given.get("level") or SHIPPED_LEVELS.get(scorer.target)
    if level not in (None, *LEVELS):
        raise PluginError(f"scorer {name!r}: level {one_of(level, LEVELS)}")
    return MixEntry(scorer, float(weight), tuple(tasks), level)


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 <= weight < math.inf
