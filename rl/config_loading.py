"""Configurations from files and words: everything that is wrong with one is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from rewards.building import mix_settings
from rewards.errors import UserError
from rewards.plugins import PluginError
from rl.config import Config
from rl.config_rules import check_config

HOME = Path(__file__).resolve().parent.parent


class ConfigError(UserError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        listed = problems[0] if len(problems) == 1 else "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"the configuration cannot be used: {listed}")


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Defaults, then the YAML file, then `key=value` words.

    Raises:
        ConfigError: listing every unknown key, wrong type and impossible value.
    """
    problems: list[str] = []
    merged = OmegaConf.structured(Config)
    layers = list(_layers(path, overrides, problems))
    for source, layer in [*_named_layers(layers, problems), *layers]:
        for key, value in _leaves(layer):
            try:
                merged = _merge(merged, key, value)
            except (OmegaConfBaseException, TypeError, ValueError) as error:
                problems.append(_problem(source, key, value, error))
    if problems:
        raise ConfigError(problems)
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    problems += check_config(config)
    if problems:
        raise ConfigError(problems)
    return config


def _layers(path: Path | None, overrides: Sequence[str], problems: list[str]) -> Iterator[tuple[str, DictConfig]]:
    if path is not None:
        try:
            loaded = OmegaConf.load(path)
            if not isinstance(loaded, DictConfig):
                problems.append(f"{path}: must hold `key: value` lines at its top level")
            else:
                yield str(path), loaded
        except FileNotFoundError:
            problems.append(f"{path}: no such configuration file")
        except YAMLError as error:
            problems.append(f"{path}: not valid YAML ({str(error).splitlines()[0]})")
    for word in overrides:
        if "=" not in word:
            problems.append(f"{word!r}: settings are written key=value")
            continue
        try:
            yield "command line", OmegaConf.from_dotlist([word])
        except YAMLError as error:
            problems.append(f"{word!r}: the value is not valid YAML ({str(error).splitlines()[0]})")


def _named_layers(layers: Sequence[tuple[str, DictConfig]], problems: list[str]) -> Iterator[tuple[str, DictConfig]]:
    """What `rewards.mix` and `grpo.preset` name, as layers below all others, so that the saved config says everything."""
    for key, section in (("rewards.mix", "rewards"), ("grpo.preset", "grpo")):
        named = [file for _, layer in layers if (file := OmegaConf.select(layer, key, throw_on_missing=False))]
        if not named:
            continue
        file = named[-1] if Path(named[-1]).is_file() else str(HOME / named[-1])
        try:
            content = {"scorers": mix_settings(Path(file))} if section == "rewards" else OmegaConf.load(file)
            yield file, OmegaConf.create({section: content})
        except FileNotFoundError:
            problems.append(f"{key} = {named[-1]!r}: no such file")
        except (PluginError, YAMLError) as error:
            problems.append(f"{key} = {named[-1]!r}: {str(error).splitlines()[0]}")


def _leaves(layer: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything that a layer sets; an empty mapping counts as a value."""
    plain: Any = OmegaConf.to_container(layer) if isinstance(layer, DictConfig) else layer
    for key, value in plain.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{dotted}\0")
        else:
            yield dotted, value


def _merge(merged: DictConfig, key: str, value: Any) -> DictConfig:
    nested: Any = value
    for part in reversed(key.split("\0")):
        nested = {part: nested}
    return OmegaConf.merge(merged, nested)  # type: ignore[return-value]


def _problem(source: str, key: str, value: Any, error: Exception) -> str:
    first = str(getattr(error, "msg", None) or error).splitlines()[0]
    return f"{key.replace(chr(0), '.')} = {value!r} ({source}): {first}"
