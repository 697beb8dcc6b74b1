"""Loading scorers once before a run: what would keep them from running is told, and what they need is known from then on."""

from __future__ import annotations

from collections.abc import Iterable

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.plugins.variables import named

_needed: dict[tuple[str, str], tuple[str, ...]] = {}
"""Name and target of scorers that this process has loaded -> the variables that they need."""


def try_out(spec: ScorerSpec) -> tuple[str, ...]:
    """Load a scorer where it is to run, and end it. Returns the names of the environment variables that it needs.

    Raises:
        PluginError: if its settings cannot work, or it cannot be loaded; `NotInstalled` if other machines may have it.
    """
    runner = start_runner(spec)
    runner.close()
    _needed[spec.name, spec.target] = runner.env
    return runner.env


def needed(specs: Iterable[ScorerSpec]) -> tuple[str, ...]:
    """The names of the environment variables that scorers need. Those that have not been tried out are; of one that cannot be
    loaded here, those that its settings name."""
    return tuple(dict.fromkeys(name for spec in specs for name in _of(spec)))


def _of(spec: ScorerSpec) -> tuple[str, ...]:
    if (known := _needed.get((spec.name, spec.target))) is not None:
        return known
    try:
        return try_out(spec)
    except PluginError:
        return named(spec)
