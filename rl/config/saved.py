"""The configuration that a run has saved, as it is or with words of a command line over it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rewards.files import read_settings
from rl.config.composition import Composition
from rl.config.keys import GONE
from rl.config.layers import Word
from rl.config.load import built, check, lay_words, read_given
from rl.config.schema import Config


def load_saved(path: Path, files: bool) -> Config:
    """The configuration of a run, which holds everything already that its bases and its mix said.

    Args:
        path: the run's config.yaml.
        files: look whether data, models and scorers that it names are there, as for a new run.

    Raises:
        ConfigError: as `load_config` does.
    """
    config = built(_saved(path), what(path))
    check(config, what(path), files)
    return config


def with_words(path: Path, texts: Sequence[str]) -> tuple[Config, list[Word]]:
    """What a run has saved, with words over it, and the words; the rules are left to `check`, once lengths have been seen to.

    Args:
        path: the run's config.yaml.
        texts: `key=value` words. A base that they name lies over what is saved, and a mix takes the place of all scorers.

    Raises:
        ConfigError: for keys that are not there, values of a wrong type, and files that cannot be read.
    """
    composed = _saved(path)
    words, mix, layers = read_given(None, texts, composed)
    for source, layer in mix:
        composed.set(("rewards", "scorers"), layer["rewards"]["scorers"], source)
    for source, layer in layers:
        composed.lay(layer, source)
    lay_words(composed, words)
    return built(composed, what(path)), words


def what(path: Path) -> str:
    """What errors call the configuration in this file."""
    return f"the configuration {path}"


def _saved(path: Path) -> Composition:
    saved = read_settings(path)
    for section, name in GONE:
        if isinstance(saved.get(section), dict):
            saved[section].pop(name, None)
    composed = Composition()
    composed.lay(saved, path.name)
    return composed
