"""The files beside a Python file that it imports: modules and packages of the same folder, which travel with it.

They are found by reading imports, in functions too, not by running them. Modules of Python and of affectree are never taken
from beside a file.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rewards.errors import UserError
from rewards.files import read_text

_MOST_FILES = 200
_MOST_BYTES = 2 * 2**20
_NEVER = frozenset({*sys.stdlib_module_names, "rewards", "rollout", "rl", "actors"})


@dataclass(frozen=True)
class Neighbour:
    """A module that a file imports from beside it."""

    name: str
    """Its dotted name, as the file imports it."""
    path: str
    text: str
    is_package: bool
    is_folder: bool = False
    """Whether it is a folder without `__init__.py`, which has no text."""

    @property
    def relative_path(self) -> str:
        """Where it lies, from the folder of the file that imports it."""
        place = self.name.replace(".", "/")
        return f"{place}/__init__.py" if self.is_package else f"{place}.py"


def neighbours(path: Path, text: str) -> tuple[Neighbour, ...]:
    """All modules beside a file that it imports, and that these import, ordered by name.

    Args:
        path: the file.
        text: its text.

    Raises:
        UserError: if one of them cannot be read, or they are more or larger than what is sent to every worker.
    """
    folder, found, waiting = path.parent, dict[str, Neighbour](), list(_imported(text, "", True))
    while waiting:
        name = waiting.pop()
        if name in found or name.partition(".")[0] in _NEVER:
            continue
        module = _module(folder, name)
        if module is None:
            continue
        found[name] = module
        if len(found) > _MOST_FILES or sum(len(one.text) for one in found.values()) > _MOST_BYTES:
            raise UserError(
                f"{path}: imports more than {_MOST_FILES} files or {_MOST_BYTES >> 20} MiB from beside it, which are too many to "
                "send to workers; install them as a package on every node, and name it as package.module:function"
            )
        if "." in name:
            above = name.rpartition(".")[0]
            waiting.append(above)
            if _module(folder, above) is None:  # a folder of folders
                found.setdefault(above, _folder(above, folder.joinpath(*above.split("."))))
        waiting += _imported(module.text, name, module.is_package)
    return tuple(found[name] for name in sorted(found))


def _module(folder: Path, name: str) -> Neighbour | None:
    """The module of a dotted name in a folder; None if there is none. A folder of modules without `__init__.py` is a package."""
    place = folder.joinpath(*name.split("."))
    for file, is_package in ((place / "__init__.py", True), (place.with_name(f"{place.name}.py"), False)):
        if file.is_file():
            return Neighbour(name, str(file.resolve()), read_text(file), is_package)
    if place.is_dir() and any(place.glob("*.py")) and not _is_installed(name.partition(".")[0]):
        return _folder(name, place)
    return None


def _folder(name: str, place: Path) -> Neighbour:
    return Neighbour(name, str(place), "", True, True)


def _is_installed(name: str) -> bool:
    """Whether a module of this name comes before a folder without `__init__.py`, as it does for Python."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def _imported(text: str, module: str, is_package: bool) -> Iterator[str]:
    """The dotted names that a text may import; of `from a import b` both `a` and `a.b`.

    Args:
        text: Python; nothing is found in what is none, which running it will tell.
        module: its own dotted name, from which relative imports start; empty for the file whose neighbours are sought.
        is_package: whether it is a package's `__init__.py`.
    """
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return
    package = module.split(".") if module else []
    package = package if is_package else package[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(package) + 1:
            above = package[: len(package) - (node.level - 1)] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ([base] if base else [])
            yield from (f"{base}.{one.name}" if base else one.name for one in node.names if one.name != "*")
