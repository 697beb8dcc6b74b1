"""Variables of the driver on their way to the actors of a run.

They travel as an argument of each actor. Ray's `runtime_env` is no way for them: Ray writes it into its logs, shows it on its
dashboard and keeps it with the job.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import ray

from actors.environment import proxy_variables
from rl.config.variables import OF_A_PROCESS, chosen, fits


@dataclass(frozen=True, repr=False)
class Forwarded:
    """Variables with their values, of which only the names are ever shown."""

    values: Mapping[str, str] = field(default_factory=dict)
    yielding: frozenset[str] = frozenset()
    """Those that a node's own value comes before. If they name a path that the node does not have, or that may not
    be read there, they are left out."""

    elsewhere: frozenset[str] = frozenset()
    """Those that all workers get in another way."""

    def __repr__(self) -> str:
        return f"Forwarded({', '.join(self.values)})"

    def with_those(self, names: Collection[str]) -> Forwarded:
        """These, and those of this process that have one of the names."""
        more = {name: os.environ[name] for name in names if name in os.environ and not fits(name, OF_A_PROCESS)}
        more = {name: value for name, value in more.items() if name not in self.elsewhere}
        return replace(self, values={**self.values, **more}, yielding=self.yielding - more.keys())

    def set_here(self) -> list[str]:
        """Set the variables in this process, before libraries and scorers are imported that read them. Returns their names."""
        own = {name.lower() for name in os.environ}  # proxies are read in capitals and in small letters
        taken = {name: value for name, value in self.values.items() if not (name in self.yielding and _yields(name, value, own))}
        os.environ.update(taken)
        return list(taken)


def _yields(name: str, value: str, own: Collection[str]) -> bool:
    """Whether a node does without the driver's value: it has its own, or not the path that the value is."""
    return name.lower() in own or (value.startswith("/") and not os.access(value, os.R_OK))


_given = {"variables": Forwarded()}
"""What actors are given that this process starts."""


def forward(asked: Collection[str], elsewhere: Collection[str]) -> None:
    """Have all actors that this process starts from now on given its variables.

    Args:
        asked: names and patterns, beside those that are forwarded unasked (`rl/config/variables.py`).
        elsewhere: names that all workers get in another way.
    """
    names = {name: stays for name, stays in chosen(asked, os.environ).items() if name not in elsewhere}
    values = {name: os.environ[name] for name in names}
    _given["variables"] = Forwarded(values, frozenset(filter(names.get, names)), frozenset(elsewhere))


def start_actor(kind: type, *arguments: Any, variables: Collection[str] = (), **options: Any) -> Any:
    """Start an actor whose process is given the forwarded variables first.

    Args:
        kind: its class.
        arguments: of its constructor.
        variables: names of further variables that this one is given.
        options: Ray's, such as `num_cpus`.

    Returns:
        Its handle.
    """
    given = _given["variables"].with_those(variables)
    return ray.remote(_forwarding(kind)).options(**options).remote(given, *arguments)


@cache
def _forwarding(kind: type) -> type:
    """A class of actors that set the variables, and then are made as `kind` says. Actors that they start get the same."""

    def begin(self: Any, given: Forwarded, *arguments: Any) -> None:
        _receive(given)
        kind.__init__(self, *arguments)  # type: ignore[misc]

    shown = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), {"__init__": begin, **shown})


def _receive(given: Forwarded) -> None:
    names = given.set_here()
    os.environ.update(proxy_variables(os.environ))
    print(f"variables from the driver: {', '.join(names) or 'none'}", flush=True)  # noqa: T201 - into Ray's own log
    _given["variables"] = given
