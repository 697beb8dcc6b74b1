"""Configurations from files and words: everything that is wrong with one is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from rewards.errors import UserError
from rewards.files import read_settings, yaml_problem
from rewards.mix import mix_settings, named_file
from rl.config.keys import expected, unknown_key
from rl.config.rules import check_config
from rl.config.schema import Config

Layer = tuple[str, dict[str, Any]]
"""Where settings come from, and the settings."""


class ConfigError(UserError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, problems: Sequence[str], what: str = "the configuration") -> None:
        self.problems = tuple(problems)
        listed = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{what} cannot be used:{listed}")


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Defaults, then the YAML file, then `key=value` words.

    Raises:
        ConfigError: listing every unknown key, wrong type and impossible value.
    """
    problems: list[str] = []
    layers = list(_layers(path, overrides, problems))
    return _resolved([*_named_layers(layers, problems), *layers], problems, files=True)


def load_saved(path: Path, files: bool) -> Config:
    """The configuration of a run, which holds everything already that its mix and preset said.

    Args:
        path: its config.yaml.
        files: look whether data, models and scorers that it names are there, as for a new run.

    Raises:
        ConfigError: as `load_config` does.
    """
    return _resolved([(path.name, read_settings(path))], [], files, f"the configuration {path}")


def _resolved(layers: Sequence[Layer], problems: list[str], files: bool, what: str = "the configuration") -> Config:
    merged = OmegaConf.structured(Config)
    for source, layer in layers:
        unknown: set[str] = set()
        for parts, value in _leaves(layer):
            if found := unknown_key(parts):
                if found[0] not in unknown:
                    problems.append(f"{found[0]} ({source}): {found[1]}")
                unknown.add(found[0])
                continue
            try:
                merged.merge_with(_nested(parts, value))
            except (OmegaConfBaseException, TypeError, ValueError):
                shown = "null" if value is None else f"{value!r:.80}"
                problems.append(f"{'.'.join(parts)} = {shown} ({source}): must be {expected(parts)}")
    if problems:
        raise ConfigError(problems, what)
    try:
        config = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:  # ${…} that leads nowhere
        raise ConfigError([f"{error.full_key or '${…}'}: {yaml_problem(error)}; mend the ${{…}}"], what) from error
    assert isinstance(config, Config)
    problems += check_config(config, files)
    if problems:
        raise ConfigError(problems, what)
    return config


def _layers(path: Path | None, overrides: Sequence[str], problems: list[str]) -> Iterator[Layer]:
    if path is not None:
        try:
            yield str(path), read_settings(named_file(str(path)))
        except UserError as error:
            setting = "=" in str(path) and not path.exists()
            hint = f"{path}: the configuration file comes first, such as configs/quickstart.yaml, then settings"
            problems.append(hint if setting else str(error))
    for word in overrides:
        if "=" not in word.strip("="):
            problems.append(f"{word!r}: settings are written key=value, such as grpo.steps=100")
            continue
        try:
            found: Any = OmegaConf.to_container(OmegaConf.from_dotlist([word]))
            yield "command line", found
        except (YAMLError, OmegaConfBaseException, ValueError, TypeError, RecursionError) as error:
            problems.append(f"{word!r}: the value is not valid YAML ({yaml_problem(error)}); put quotes around it")


def _named_layers(layers: Sequence[Layer], problems: list[str]) -> Iterator[Layer]:
    """What `rewards.mix` and `grpo.preset` name, as layers below all others, so that the saved config says everything."""
    for section, key in (("rewards", "mix"), ("grpo", "preset")):
        sections = [layer[section] for _, layer in layers if isinstance(layer.get(section), Mapping)]
        named = [str(found[key]) for found in sections if found.get(key)]
        if not named:
            continue
        file = named_file(named[-1])
        try:
            yield named[-1], {section: {"scorers": mix_settings(file)} if section == "rewards" else read_settings(file)}
        except UserError as error:
            problems.append(f"{section}.{key} = {named[-1]!r}: {error}")


def _leaves(layer: Mapping[Any, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(parts of the key, value) of everything that a layer sets; an empty mapping counts as a value."""
    for key, value in layer.items():
        parts = (*above, str(key))
        if isinstance(value, dict) and value:
            yield from _leaves(value, parts)
        else:
            yield parts, value


def _nested(parts: Sequence[str], value: Any) -> DictConfig:
    nested: Any = value
    for part in reversed(parts):
        nested = {part: nested}
    return OmegaConf.create(nested)
