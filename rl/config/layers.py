"""Settings as they were written: the files that a configuration is made of, and the words of a command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from rewards.bases import BASE, Layer, base_layers, read_layers, settings_file
from rewards.errors import UserError
from rewards.files import yaml_problem
from rl.config.keys import Key, is_mapping, kind_of, unknown_key

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Word:
    """`key=value` of a command line."""

    text: str
    key: Key
    value: Any

    def leaves(self) -> Iterator[Key]:
        """The keys of all settings that it gives a value."""
        return _leaves(self.key, self.value)


def read_words(texts: Sequence[str], problems: list[str]) -> list[Word]:
    """Read `key=value` words.

    Args:
        texts: as typed.
        problems: gets a line for each word that cannot be read, or that another word takes back.

    Returns:
        The words that can be read, in order.
    """
    words = []
    for text in texts:
        name, _, value = text.partition("=")
        if "=" not in text.strip("="):
            problems.append(f"{text!r}: settings are written key=value, such as grpo.steps=100")
            continue
        try:
            words.append(Word(text, _key(name), _value(value)))
        except (YAMLError, OmegaConfBaseException, ValueError, TypeError, RecursionError) as error:
            problems.append(f"{text!r}: the value is not valid YAML ({yaml_problem(error)}); put quotes around it")
    problems += _taken_back(words)
    return words


def _key(name: str) -> Key:
    """The parts of a dotted key; `grpo.mix[a.b]` is the entry `a.b` of grpo.mix."""
    found: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"{name}=end"]))
    key: list[str] = []
    while isinstance(found, dict):
        ((part, found),) = found.items()
        key.append(str(part))
    return tuple(key)


def _value(text: str) -> Any:
    found: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    return found["value"]


def _taken_back(words: Sequence[Word]) -> Iterator[str]:
    """A line for each word that has no effect because of another one."""
    for earlier, later in combinations(words, 2):
        if set(earlier.leaves()) & set(later.leaves()):
            yield f"{earlier.text} and {later.text} (command line) set the same; leave one out"
        elif _covers(later, earlier.key) or (earlier.value is None and _is_below(later.key, earlier.key)):
            yield f"{earlier.text} (command line) has no effect, since {later.text} comes after it; leave one out"


def _leaves(key: Key, value: Any) -> Iterator[Key]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves((*key, str(name)), below)
    else:
        yield key


def _covers(word: Word, key: Key) -> bool:
    """Whether a word takes all that stands at a key below its own."""
    if not _is_below(key, word.key) or unknown_key(word.key):
        return False
    return not isinstance(word.value, dict) or is_mapping(kind_of(word.key))


def _is_below(key: Key, other: Key) -> bool:
    return len(key) > len(other) and key[: len(other)] == other


def file_layers(path: Path | None, words: Sequence[Word], problems: list[str]) -> list[Layer]:
    """The configuration file with its bases, then the bases that the command line names over it; lowest first."""
    layers: list[Layer] = []
    if path is not None:
        try:
            layers += read_layers(settings_file(str(path)))
        except UserError as error:
            setting = "=" in str(path) and not path.exists()
            hint = f"{path}: the configuration file comes first, such as configs/quickstart.yaml, then settings"
            problems.append(hint if setting else str(error))
    for word in words:
        if word.key == (BASE,):
            try:
                layers += base_layers(word.value, COMMAND_LINE, Path())
            except UserError as error:
                problems.append(str(error))
    return layers
