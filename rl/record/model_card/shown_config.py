"""A run's settings as they may be shown to anybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rl.config.schema import Config

_PRIVATE_SECTIONS = ("runs", "tracking", "cluster")
"""They say where a run was done, not what was done."""
_SECRET = re.compile(r"(?i)(^|_)(key|secret|password|token|authorization)$")
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")
_NAMES_KEPT = 1
"""Of an absolute path, its last parts that are shown."""

_HEAD = """\
# The settings that this model was made with: `affectree train affectree.yaml data.directory=…` makes another one.
# Left out are where it was done (runs, tracking, cluster), keys, and the folders of files.
"""


def shown_config(config: Config) -> str:
    """The settings as YAML, without the folders of files, logins, keys, and where the run was done."""
    settings = OmegaConf.to_container(OmegaConf.structured(config))
    assert isinstance(settings, dict)
    shown = {key: _shown(value) for key, value in settings.items() if key not in _PRIVATE_SECTIONS}
    return _HEAD + OmegaConf.to_yaml(OmegaConf.create(shown))


def shown_text(text: str) -> str:
    """A setting without the folder that it names, or the login that it holds."""
    if (Path(text).is_absolute() and len(Path(text).parts) > 2) or text.startswith("~"):
        return "/".join(Path(text).parts[-_NAMES_KEPT:])
    return _LOGIN.sub("", text)


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if not (_SECRET.search(str(key)) and isinstance(one, str))}
        return {shown_text(key) if isinstance(key, str) else key: _shown(one) for key, one in kept.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return shown_text(value) if isinstance(value, str) else value
