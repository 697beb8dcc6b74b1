"""Makes a Config of files and words. All that is wrong with it is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rewards.bases import BASE, Layer, settings_file
from rewards.errors import UserError
from rewards.files import yaml_problem
from rewards.mix_settings import read_mix_settings
from rl.config.composition import Composition
from rl.config.effects import without_effect
from rl.config.keys import Key, can_hold, choices, expected, is_mapping, kind_of
from rl.config.layers import COMMAND_LINE, Word, file_layers, read_words
from rl.config.rules import check_config
from rl.config.schema import Config

_MIX, _SCORERS = ("rewards", "mix"), ("rewards", "scorers")


class ConfigError(UserError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, problems: Sequence[str], what: str = "the configuration") -> None:
        self.problems = tuple(problems)
        listed = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{what} cannot be used:{listed}")


def load_config(path: Path | None, overrides: Sequence[str] = (), files: bool = True) -> Config:
    """A new run's configuration: the defaults, then a file with its bases, then words, each laid over what was before.

    Args:
        path: a YAML file, or the name of a configuration that ships.
        overrides: `key=value` words of a command line.
        files: look whether data, models and scorers that it names are there.

    Returns:
        The Config, without `rewards.mix`: its scorers are in `rewards.scorers`, so that nothing is laid over them again when a
        saved configuration is read.

    Raises:
        ConfigError: listing every unknown key, wrong type and impossible value.
    """
    composed = Composition()
    words, mix, layers = read_given(path, overrides, composed)
    for source, layer in [*mix, *layers]:
        composed.lay(layer, source)
    lay_words(composed, words)
    config = built(composed, "the configuration")
    check(config, "the configuration", files, words)
    return config


def read_given(path: Path | None, overrides: Sequence[str], composed: Composition) -> tuple[list[Word], list[Layer], list[Layer]]:
    """What a command line gives: its words, the scorers of the mix that is named last, and its files, each after its bases.

    Args:
        path: the configuration file, if one is named.
        overrides: `key=value` words.
        composed: is told of words that cannot be read.

    Raises:
        ConfigError: for files that cannot be read.
    """
    unread: list[str] = []
    words = read_words(overrides, composed.problems)
    layers = file_layers(path, words, unread)
    mix = _mix_of(layers, words, unread)
    if unread:  # without these files, whatever else there is to say would mislead
        raise ConfigError([*composed.problems, *unread])
    return words, mix, layers


def lay_words(composed: Composition, words: Sequence[Word]) -> None:
    """Lay the words of a command line over what is there."""
    for word in words:
        if word.key != (BASE,):
            composed.set(word.key, word.value, COMMAND_LINE)
    if any(_within(word, _SCORERS) is not None for word in words):
        composed.problems += [
            f"{word.text} (command line): rewards.mix has no effect, since rewards.scorers are given whole; leave one out"
            for word in words
            if _within(word, _MIX) is not None
        ]


def _mix_of(layers: Sequence[Layer], words: Sequence[Word], problems: list[str]) -> list[Layer]:
    """The scorers of the file that `rewards.mix` names in the end, as the lowest layer."""
    sections = [layer["rewards"] for _, layer in layers if isinstance(layer.get("rewards"), dict)]
    names = [section["mix"] for section in sections if "mix" in section]
    names += [_within(word, _MIX) for word in words if _MIX in word.leaves()]
    if not names or not isinstance(names[-1], str):
        return []
    try:
        return [(names[-1], {"rewards": {"scorers": read_mix_settings(settings_file(names[-1]))}})]
    except UserError as error:
        problems.append(f"rewards.mix = {names[-1]!r}: {error}")
        return []


def _within(word: Word, key: tuple[str, str]) -> Any:
    """The value that a word gives to a whole setting of a section; None if it gives none."""
    section, name = key
    if word.key == (section,) and isinstance(word.value, dict):
        return word.value.get(name)
    return word.value if word.key == key else None


def built(composed: Composition, what: str) -> Config:
    """The Config, if every setting exists and is of its type; without `rewards.mix`, whose scorers it has.

    Args:
        composed: all settings that were given.
        what: what they are, for errors.
    """
    merged, other = OmegaConf.structured(Config), {}
    problems = list(composed.problems)
    for key, given in composed.given.items():
        try:
            _give(merged, key, given.value)
        except (OmegaConfBaseException, TypeError, ValueError, OverflowError):
            if _is_choice(key, given.value):
                other[key] = given.value
                continue
            shown = "null" if given.value is None else f"{given.value!r:.80}"
            problems.append(f"{'.'.join(key)} = {shown} ({given.source}): must be {expected(key)}")
    if problems:
        raise ConfigError(problems, what)
    try:
        config = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:  # ${…} that leads nowhere
        raise ConfigError([f"{error.full_key or '${…}'}: {yaml_problem(error)}; mend the ${{…}}"], what) from error
    assert isinstance(config, Config)
    for key, value in other.items():
        _set(config, key, value)
    config.rewards.mix = None
    return config


def check(config: Config, what: str, files: bool, words: Sequence[Word] = ()) -> None:
    """Raise `ConfigError` for what the rules say against a Config, or else for words that would change nothing.

    Args:
        config: as `built`.
        what: what it is, for errors.
        files: look whether data, models and scorers that it names are there.
        words: those of a command line.
    """
    problems = check_config(config, files) or list(without_effect(config, [key for word in words for key in word.leaves()]))
    if problems:
        raise ConfigError(problems, what)


def _give(merged: DictConfig, key: Key, value: Any) -> None:
    """Set a key. OmegaConf checks the type, but lets lists pass for numbers; these raise `TypeError` here."""
    if not can_hold(kind_of(key), value):
        raise TypeError(f"{key} = {value!r}")
    section: Any = merged
    for part in key[:-1]:
        section = section[part]
    kind = kind_of(key)
    if value == {} and is_mapping(kind):
        section[key[-1]] = {}  # merging would keep what there is by default
        return
    section.merge_with({key[-1]: "off" if value is False and "off" in choices(kind) else value})  # as YAML reads a bare off


def _is_choice(key: Key, value: Any) -> bool:
    """Whether a value is of the type of a setting's choices, so that the rules can tell what is wrong with it."""
    allowed = choices(kind_of(key))
    listed = value if isinstance(value, list) else [value]
    return bool(allowed) and can_hold(kind_of(key), value) and all(type(one) is type(allowed[0]) for one in listed)


def _set(config: Config, key: Key, value: Any) -> None:
    section: Any = config
    for part in key[:-1]:
        section = section[part] if isinstance(section, dict) else getattr(section, part)
    setattr(section, key[-1], value)
