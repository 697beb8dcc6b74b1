"""The model that a run began with, as its own model card tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rl.config.model_check import is_folder_name
from rl.config.schema import ModelConfig
from rl.record.model_card.shown_config import shown_text

_LICENSE = ("license", "license_name", "license_link")


@dataclass(frozen=True)
class Base:
    """What is known of the model that a run began with."""

    name: str
    """What people call it."""
    hub_name: str | None
    """Its name on the Hugging Face hub, if it has one."""
    license: dict[str, str]
    """The entries about its license, as front matter has them; none if nothing tells."""


def base_of(model: ModelConfig) -> Base:
    """The model that a run with these settings begins with."""
    if model.init == "tiny":
        return Base(f"a small {model.tiny.family} with random weights", None, {})
    path = str(model.path)
    on_hub = not is_folder_name(path)
    front = _front_matter(_card(path, on_hub))
    named = path if on_hub else front.get("base_model")
    return Base(
        path if on_hub else shown_text(path),
        named if isinstance(named, str) else None,
        {key: str(front[key]) for key in _LICENSE if key in front},
    )


def _card(path: str, on_hub: bool) -> Path | None:
    """The model's own card, if it is on this machine."""
    if not on_hub:
        return Path(path).expanduser() / "README.md"
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(path, "README.md")
    return Path(cached) if isinstance(cached, str) else None


def _front_matter(card: Path | None) -> dict[str, Any]:
    """What stands between the lines `---` at the beginning of a card; nothing if that cannot be read."""
    if card is None or not card.is_file():
        return {}
    _, mark, rest = card.read_text(encoding="utf-8", errors="replace").partition("---\n")
    try:
        found = yaml.safe_load(rest.partition("\n---")[0]) if mark else None
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
