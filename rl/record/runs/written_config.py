"""The configuration as a run wrote it, kept in `run.json` too, so that an edited config.yaml is noticed on a resume."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rewards.files import read_settings, read_text
from rl.config.schema import Config
from rl.record.files import write_atomically
from rl.record.runs.errors import RunError

_TOLD = 3
"""At most so many settings are named."""
_GONE = object()


def config_text(config: Config) -> str:
    """What config.yaml holds."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def config_fact(config: Config, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What `run.json` keeps under `config`: the file's hash, the hash that it had before, and the settings.

    The hash of before counts as well, for a process that is killed after it has written `run.json` and before the file.

    Args:
        config: as it is about to be written.
        before: the fact that is kept now.
    """
    settings = OmegaConf.to_container(OmegaConf.structured(config))
    return {"sha256": _sha256(config_text(config)), "before": (before or {}).get("sha256"), "settings": settings}


def restore_edited(file: Path, fact: Mapping[str, Any], given: Collection[str]) -> bool:
    """Write a run's config.yaml as it was, if it was edited in nothing but settings that are given anew. Returns whether it was.

    Args:
        file: the config.yaml.
        fact: what `run.json` keeps under `config`.
        given: dotted keys of those settings.

    Raises:
        RunError: if other settings were edited, with what to type instead.
    """
    if _sha256(read_text(file, RunError)) in (fact["sha256"], fact["before"]):
        return False
    written, found = _flat(fact["settings"]), _flat(read_settings(file, RunError))
    pairs = {key: (written.get(key, _GONE), found.get(key, _GONE)) for key in {**written, **found}}
    edited = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
    if edited.keys() - set(given):
        raise RunError(_refusal(file, edited))
    if edited:
        write_atomically(file, OmegaConf.to_yaml(OmegaConf.create(fact["settings"])))
    return bool(edited)


def refuse_cut_off(file: Path, fact: Mapping[str, Any]) -> None:
    """Raises `RunError` if a run's config.yaml lacks settings that the run has written, as where a copy was broken off. What
    stands in it under other names is told when it is read.

    Args:
        file: the config.yaml.
        fact: what `run.json` keeps under `config`.
    """
    written, found = _flat(fact["settings"]), _flat(read_settings(file, RunError))
    lacking = [key for key in written if key not in found]
    others = [key for key in found.keys() - written.keys() if not any(one.startswith(f"{key}.") for one in written)]
    if lacking and not others:
        some = ", ".join(lacking[:_TOLD]) + (", …" if len(lacking) > _TOLD else "")
        lost = f"{len(lacking)} of the {len(written)} settings that the run has written"
        raise RunError(f"{file}: lacks {lost} ({some}); restore the file")


def _refusal(file: Path, edited: Mapping[str, tuple[Any, Any]]) -> str:
    told = [f"{key} from {_shown(old)} to {_shown(new)}" for key, (old, new) in edited.items()]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    words = [shlex.quote(f"{key}={_word(new)}") for key, (_, new) in edited.items() if new is not _GONE]
    command = " ".join(["affectree train --resume", shlex.quote(str(file.parent)), *words[:_TOLD], *(["…"] if more else [])])
    do = f"to change settings of a run that goes on, type {command}" if words else "put back what is missing"
    return f"{file}: was edited after the run had written it ({', '.join(told[:_TOLD])}{more}); {do}"


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> value of all settings, as JSON has them."""
    return dict(_leaves(json.loads(json.dumps(settings, default=str))))


def _leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """An empty mapping is a value."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    return "nothing" if value is _GONE else f"{_word(value):.60}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
