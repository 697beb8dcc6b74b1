"""The version of a module as a hash: of the whole package that it comes from, since a scorer is not its own file alone."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from functools import lru_cache
from pathlib import Path

from rewards.errors import UserError
from rewards.files import read_text
from rewards.plugins.importing import look_in_working_directory
from rewards.plugins.neighbours import neighbours
from rewards.plugins.spec import PluginError, sha256_of

_MOST_FILES = 2000


def module_hash(what: str, name: str) -> str:
    """The hash of a module's version: of every `.py` file of its top-level package, in the order of their paths.

    For a package of more than 2000 such files, those of the module's own folder are taken. A module without a package counts
    with the modules beside it that it imports.

    Args:
        what: what errors call it, such as `scorer 'mine'`.
        name: the module's dotted name; it has been imported.

    Raises:
        PluginError: if it comes from no file, or one that cannot be read.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        raise PluginError(f"{what}: {name} comes from no file, so its version cannot be told; wrap it in a Python file")
    try:
        return _hash(Path(file).resolve())
    except UserError as error:
        raise PluginError(f"{what}: {error}") from error


def installed_hash(what: str, name: str) -> str | None:
    """The hash that `module_hash` gives, of a module that need not have been imported.

    Its packages are imported to find it. None if it is not there or comes from no file.

    Raises:
        PluginError: as `module_hash` does, for a file that cannot be read.
    """
    look_in_working_directory()
    try:
        found = importlib.util.find_spec(name)
    except (Exception, SystemExit):  # noqa: BLE001 - what its packages raise is told when it is imported
        return None
    if found is None or found.origin is None or not Path(found.origin).is_file():
        return None
    try:
        return _hash(Path(found.origin).resolve())
    except UserError as error:
        raise PluginError(f"{what}: {error}") from error


@lru_cache(maxsize=256)  # a process imports a module once
def _hash(file: Path) -> str:
    if file.suffix != ".py":  # compiled
        return hashlib.sha256(file.read_bytes()).hexdigest()
    top = file.parent
    if not (top / "__init__.py").exists():
        text = read_text(file)
        return sha256_of(text, *(part for one in neighbours(file, text) for part in (one.name, one.text)))
    while (top.parent / "__init__.py").exists():
        top = top.parent
    files = _files(top)
    if len(files) > _MOST_FILES:
        top = file.parent
        files = sorted(top.glob("*.py"))
    return sha256_of(*(part for one in files for part in (str(one.relative_to(top)), read_text(one))))


def _files(top: Path) -> list[Path]:
    found = []
    for file in top.rglob("*.py"):
        found.append(file)
        if len(found) > _MOST_FILES:
            break
    return sorted(found)
