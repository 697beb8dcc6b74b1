"""Reading files that a user names: text, settings in YAML, JSON and JSON lines.

A file that cannot be read as what it should be is refused with its name, what was found and what to do. Every reader takes
the class of the error to raise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rewards.errors import UserError, did_you_mean

_MOST_SIBLINGS = 500
"""At most this many files of a folder are compared with a name that is not there."""


def read_text(file: Path, error: type[UserError] = UserError) -> str:
    """A file's text, without a byte-order mark.

    Args:
        file: to read.
        error: class of the error to raise if it is missing, a folder, may not be read, or is no text in UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as bad:
        raise error(f"{file}: is not text in UTF-8 (at byte {bad.start}); check that it is the right file") from bad
    except (OSError, ValueError) as bad:  # ValueError: a name with a null character
        raise error(f"{file}: {why_unreadable(file, bad)}") from bad


def why_unreadable(file: Path, error: Exception) -> str:
    """What is wrong with a file that cannot be opened, and what to do."""
    match error:
        case FileNotFoundError():
            return f"no such file{_sibling(file)}" + ("" if _sibling(file) else "; check the path")
        case NotADirectoryError():
            return "no such file, since a part of the path is a file; check the path"
        case IsADirectoryError():
            return "is a folder; give a file"
        case PermissionError():
            return "may not be read; change its permissions"
        case OSError(strerror=str() as reason):
            return f"cannot be read ({reason.lower()}); check the path"
    return f"cannot be read ({error}); check the path"


def read_settings(file: Path, error: type[UserError] = UserError) -> dict[str, Any]:
    """The contents of a YAML file of `key: value` lines; empty for an empty file.

    Every file of settings is read by this function, as OmegaConf reads the command line, so that a value means the same
    everywhere: `1e-3` is a number, a date is text, and no key stands twice. `${…}` stays as it is written.

    Args:
        file: to read.
        error: class of the error to raise as `read_text` does, and for anything else than `key: value` lines.
    """
    text = read_text(file, error)
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(top, (yaml.MappingNode, type(None))):
            raise error(f"{file}: must hold `key: value` lines at its top level; check that it is the right file")
        found: dict[str, Any] = OmegaConf.to_container(OmegaConf.create(text))  # type: ignore[assignment]
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError) as bad:
        raise error(f"{file}: not valid YAML ({yaml_problem(bad)}); mend it, or check that it is the right file") from bad
    return found


def yaml_problem(error: Exception) -> str:
    """What is wrong with a YAML text and in which line, from the parser's error."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(getattr(error, "msg", None) or error).splitlines()[0]


def read_json(file: Path, error: type[UserError] = UserError) -> Any:
    """The value in a JSON file. Raises `error` as `read_text` does, and for a text that is no JSON."""
    text = read_text(file, error)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as bad:
        raise error(f"{file}: not JSON ({json_problem(bad)}); repair it, or check that it is the right file") from bad


def read_json_object(file: Path, error: type[UserError] = UserError) -> dict[str, Any]:
    """The object in a JSON file. Raises `error` as `read_json` does, and for any other value."""
    found = read_json(file, error)
    if not isinstance(found, dict):
        raise error(f"{file}: must hold a JSON object, found {type_name(found)}; repair it, or check that it is the right file")
    return found


def read_json_lines(file: Path, error: type[UserError] = UserError) -> Iterator[tuple[int, Any]]:
    """(line number from 1, value) of each line that is not blank. Raises `error` for a line that is no JSON."""
    for number, line in enumerate(read_text(file, error).split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as bad:
                problem = json_problem(bad).removeprefix("line 1: ")
                raise error(f"{file}, line {number}: not JSON ({problem}); repair or remove it") from bad


def json_problem(error: Exception) -> str:
    """What is wrong with a JSON text and in which line, from the parser's error."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg[:1].lower()}{error.msg[1:]}"
    return str(error).splitlines()[0]


def type_name(value: Any) -> str:
    """The type of a value from JSON or YAML, in words: `a number`, `text`, …"""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "`key: value` pairs"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def _sibling(file: Path) -> str:
    """`; did you mean …?` with a file of the same folder that has almost this name; empty if there is none."""
    try:
        names = [other.name for other in islice(file.parent.iterdir(), _MOST_SIBLINGS)]
    except OSError:
        return ""
    return did_you_mean(file.name, names)
