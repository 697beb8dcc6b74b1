"""Settings files that name others as their `base`: what these say holds, where the file itself says nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rewards.errors import UserError, did_you_mean
from rewards.files import read_settings, type_name

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
"""The configurations that ship."""
BASE = "base"

Layer = tuple[str, dict[str, Any]]
"""Where settings come from, in words, and the settings."""


def settings_file(name: str, folder: Path = Path()) -> Path:
    """The file that a user means.

    Args:
        name: a path, or the name of a configuration that ships, such as `algo/dapo` or `configs/algo/dapo.yaml`. A file of
            that path comes first.
        folder: where relative paths start.
    """
    beside = folder / name
    if not _exists(beside):
        for shipped in (CONFIGS / f"{name}.yaml", CONFIGS.parent / name):
            if shipped.exists() and shipped.is_relative_to(CONFIGS):
                return shipped
    return beside


def read_layers(file: Path, error: type[UserError] = UserError, above: tuple[Path, ...] = ()) -> list[Layer]:
    """What a file and its bases say, the lowest first: its bases in their order, each with its own before it, then the file.

    Args:
        file: the file at the top.
        error: what is raised if a file cannot be read, is not there, or leads back to itself.
        above: the files that led here by their `base`; naming one of them again is an error.
    """
    if file.resolve() in (one.resolve() for one in above):
        way = " > ".join(_shown(one) for one in (*above, file))
        raise error(f"{_shown(file)}: its base leads back to itself ({way}); name another file there")
    found = read_settings(file, error)
    named = found.pop(BASE, None)
    return [*base_layers(named, _shown(file), file.parent, error, (*above, file)), (_shown(file), found)]


def base_layers(
    named: Any, where: str, folder: Path, error: type[UserError] = UserError, above: tuple[Path, ...] = ()
) -> list[Layer]:
    """What the files say that a `base` names.

    Args:
        named: the value of `base`: a name, a list of names, or None.
        where: what names them, for errors.
        folder: where relative paths start.
        error: as for `read_layers`.
        above: as for `read_layers`.
    """
    names = [named] if isinstance(named, str) else [] if named is None else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise error(f"{where}: base must be the name of a file, or a list of such, found {type_name(named)}")
    layers: list[Layer] = []
    for name in names:
        file = settings_file(name, folder)
        if not _exists(file):
            raise error(f"{where}: base = {name!r}: no such file{_instead(name, folder)}")
        layers += read_layers(file, error, above)
    return layers


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # which reading it will tell
        return True


def _instead(name: str, folder: Path) -> str:
    ship = sorted(str(file.relative_to(CONFIGS).with_suffix("")) for file in CONFIGS.rglob("*.yaml"))
    bases = [one for one in ship if not one.startswith("rewards/")]  # mixes, which `rewards.mix` takes
    near = did_you_mean(name, [*bases, *(file.name for file in folder.glob("*.yaml"))])
    return near or f"; give a path from {folder}, or a name of those that ship: {', '.join(bases)}"


def _shown(file: Path) -> str:
    """A file's path as users write it: within affectree for what ships."""
    return str(file.relative_to(CONFIGS.parent)) if file.is_relative_to(CONFIGS) else str(file)
