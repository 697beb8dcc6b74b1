"""Settings laid over one another: the later value wins, setting by setting.

Sections are laid over field by field; so are those that users name, stages and scorers. A mapping of values, such as a mix, is
one setting. docs/configuration.md has the rule for users.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from rewards.errors import nearest_or_all
from rl.config.keys import Key, entry_kind, is_mapping, is_section, kind_of, unknown_key, without_none


@dataclass(frozen=True)
class Given:
    """A value and where it comes from."""

    value: Any
    source: str


class Composition:
    """Every setting that was given, by key.

    A mapping, and a section that may be left out, is a key with the value {}, which comes before the keys below it.
    """

    def __init__(self) -> None:
        self.given: dict[Key, Given] = {}
        self.problems: list[str] = []

    def lay(self, layer: Mapping[Any, Any], source: str) -> None:
        """Lay a file's settings over what is there.

        Args:
            layer: sections and their settings, nested. null takes a stage or a scorer out.
            source: what the file is called.
        """
        for name, value in layer.items():
            self._put((str(name),), value, source, whole=False)

    def set(self, key: Key, value: Any, source: str) -> None:
        """Give one key a value: a mapping is taken whole, null takes an entry of a mapping out.

        Args:
            key: of a setting, of an entry of a mapping, or of something within an entry.
            value: as YAML has it.
            source: where it was given, for errors.
        """
        if (found := unknown_key(key)) is not None:
            self.problems.append(f"{found[0]} ({source}): {found[1]}")
            return
        if value == {} and is_section(kind_of(key)) and self._is_there(key):
            self.problems.append(f"{'.'.join(key)} = {{}} ({source}): sets nothing; name one of its settings")
            return
        for length in range(1, len(key)):
            self._open(key[:length], source)
        if (mapping := _mapping_of_values(key)) is not None:
            self._set_entry(mapping, key, value, source)
        else:
            self._put(key, value, source, whole=True)

    def _put(self, key: Key, value: Any, source: str, whole: bool) -> None:
        """Lay one value over what is there, with all that it holds.

        Args:
            key: of the setting, from the top.
            value: as YAML has it.
            source: where it was given, for errors.
            whole: a mapping of stages or scorers takes the place of all that are there.
        """
        if (found := unknown_key(key)) is not None:
            self.problems.append(f"{found[0]} ({source}): {found[1]}")
            return
        kind = kind_of(key)
        if isinstance(value, Mapping) and is_section(kind):
            self._open(key, source)
            for name, below in value.items():
                self._put((*key, str(name)), below, source, whole)
        elif isinstance(value, Mapping) and is_mapping(kind):
            of_sections = is_section(entry_kind(kind))
            if whole or not of_sections:
                self._drop(key)
            self.given.setdefault(key, Given({}, source))
            for name, below in value.items():
                if of_sections:
                    self._put((*key, str(name)), below, source, whole)
                else:
                    self.given[*key, str(name)] = Given(below, source)
        elif value is None and len(key) > 1 and is_mapping(kind_of(key[:-1])):
            self._remove(key, source)
        else:
            self._drop(key)
            self.given[key] = Given(value, source)

    def _set_entry(self, mapping: Key, key: Key, value: Any, source: str) -> None:
        """Set what a mapping of values has at a key: one of its entries, or something within one."""
        entry, way = key[: len(mapping) + 1], key[len(mapping) + 1 :]
        if not way:
            if value is None:
                self._remove(key, source)
            else:
                self.given[key] = Given(value, source)
            return
        before = self.given[entry].value if entry in self.given else {}
        try:
            self.given[entry] = Given(_changed(before, way, value), source)
        except KeyError:
            self._nothing_to_remove(key, source, before)

    def _is_there(self, key: Key) -> bool:
        """Whether a section has settings already."""
        if key in self.given:
            return bool(self.given[key].value == {})
        optional = without_none(kind_of(key)) is not kind_of(key)
        return not optional and not is_mapping(kind_of(key[:-1]))

    def _open(self, key: Key, source: str) -> None:
        """Make sure that settings below a key can be set: the section is there, or the mapping with its defaults."""
        kind = kind_of(key)
        before = self.given[key].value if key in self.given else None
        if before == {}:
            return
        if isinstance(before, str):
            self.problems.append(f"{'.'.join(key)} = {before!r}: stands for something else as a whole; set it whole ({source})")
        elif is_mapping(kind):
            self.given[key] = Given({}, source)
            self.given |= {(*key, name): Given(value, "default") for name, value in _default(key).items()}
        elif is_section(kind) and not self._is_there(key):
            self.given[key] = Given({}, source)

    def _drop(self, key: Key) -> None:
        """Forget a key and all below it."""
        for other in [one for one in self.given if one[: len(key)] == key]:
            del self.given[other]

    def _remove(self, key: Key, source: str) -> None:
        """Take an entry out of its mapping."""
        if key in self.given:
            self._drop(key)
        else:
            self._nothing_to_remove(key, source, [one[-1] for one in self.given if one[:-1] == key[:-1]])

    def _nothing_to_remove(self, key: Key, source: str, there: Any) -> None:
        hint = nearest_or_all(key[-1], map(str, there), f"{'.'.join(key[:-1])} has")
        self.problems.append(f"{'.'.join(key)} = null ({source}): there is nothing to take out{hint}")


def _mapping_of_values(key: Key) -> Key | None:
    """The mapping of values in which a key lies, if it lies in one."""
    for length in range(1, len(key)):
        kind = kind_of(key[:length])
        if is_mapping(kind) and not is_section(entry_kind(kind)):
            return key[:length]
    return None


def _default(key: Key) -> dict[str, Any]:
    """What a mapping holds where nothing is given."""
    section = without_none(kind_of(key[:-1]))
    factory = next(one.default_factory for one in fields(section) if one.name == key[-1])
    assert factory is not MISSING
    found: dict[str, Any] = factory()
    return found


def _changed(before: Any, way: Key, value: Any) -> dict[str, Any]:
    """Nested pairs with one of them set, or left out if the value is None. Raises `KeyError` if it is not there to leave out."""
    pairs = dict(before) if isinstance(before, Mapping) else {}
    first, *rest = way
    if rest:
        pairs[first] = _changed(pairs.get(first, {}), tuple(rest), value)
    elif value is None:
        del pairs[first]
    else:
        pairs[first] = value
    return pairs
