"""In which settings two configurations differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rl.config.keys import settings_of
from rl.config.schema import Config


@dataclass(frozen=True)
class Change:
    """A setting that is another than it was."""

    key: str
    """Dotted."""
    old: Any
    """None also for a setting that was not there, such as one of a new stage."""
    new: Any

    def __str__(self) -> str:
        return f"{self.key} from {_shown(self.old)} to {_shown(self.new)}"


def changes(old: Config, new: Config) -> list[Change]:
    """What is another in the new configuration, in the order of the settings. The order within a mix or of stages counts, since
    rows are drawn by it."""
    before, after = _flat(old), _flat(new)
    keys = dict.fromkeys([*before, *after])
    found = [Change(key, before.get(key), after.get(key)) for key in keys]
    return [one for one in found if _text(one.old) != _text(one.new)]


def _flat(config: Config) -> Mapping[str, Any]:
    """Dotted key -> value of all settings, and the names of the stages in their order."""
    flat = {".".join(setting.key): setting.value for setting in settings_of(config) if setting.value != {}}
    return {"curriculum.stages": [*config.curriculum.stages], **flat}


def _text(value: Any) -> str:
    return json.dumps(None if value == {} else value, default=str)


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
