"""Scorers that installed packages offer by name: entry points in the group `affectree.scorers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rewards.errors import did_you_mean
from rewards.plugins.importing import import_problem, kind_of
from rewards.plugins.spec import NotInstalled, PluginError

GROUP = "affectree.scorers"


def from_entry_point(what: str, name: str, shipped: tuple[str, ...]) -> tuple[Callable[..., Any], str]:
    """The scorer that an installed package offers under a name, and the module that it comes from.

    Args:
        what: what errors call it, such as `scorer 'mine'`.
        name: the name.
        shipped: names of what ships, for errors.

    Raises:
        PluginError: if nobody offers the name, two packages offer it, or it cannot be imported.
    """
    found = _offered(name)
    if not found:
        known = sorted({*shipped, *(point.name for point in _all())})
        hint = did_you_mean(name, known) or f"; use one of {', '.join(known)}, or file.py:function, or module:function"
        raise (PluginError if did_you_mean(name, known) else NotInstalled)(f"scorer {name!r} is not known{hint}")
    if len(found) > 1:
        offers = " and ".join(f"{point.value} of {_distribution(point)}" for point in found)
        raise PluginError(f"{what}: {name!r} is offered twice, as {offers}; write the one that you mean, spec: {found[0].value}")
    try:
        return found[0].load(), found[0].module
    except (Exception, SystemExit) as error:
        where = f"entry point {name!r} of {_distribution(found[0])} ({found[0].value})"
        raise kind_of(error)(f"{what}: {where} cannot be imported: {import_problem(error)}") from error


def hidden_by_shipped(name: str) -> str | None:
    """What to say of a shipped scorer whose name an installed package offers too; None if none does."""
    found = _offered(name)
    if not found:
        return None
    others = " and ".join(f"{_distribution(point)} offers one of this name, spec: {point.value}" for point in found)
    return f"{name!r} is the scorer that ships with affectree; {others}"


def _offered(name: str) -> list[EntryPoint]:
    """The entry points of a name, each value once: a package may be found twice on the path."""
    return list({point.value: point for point in _all() if point.name == name}.values())


@lru_cache(maxsize=1)
def _all() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _distribution(point: EntryPoint) -> str:
    return f"the distribution {point.dist.name}" if point.dist else "an unknown distribution"
