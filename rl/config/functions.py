"""Settings that name a function or a family: what ships is asked of the rooms that have it, a user's own is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rewards.errors import did_you_mean
from rewards.plugins.adapters import ADAPTERS
from rewards.plugins.loading import check_function
from rewards.plugins.spec import FunctionSpec, PluginError
from rl.algo.credit import CREDIT
from rl.algo.estimators import ESTIMATORS
from rl.algo.objective import POLICY_LOSSES
from rl.config.schema import Config
from rollout.families import FAMILIES
from rollout.formats import AUTO, SHIPPED, canonical
from rollout.judges import JUDGES

TRANSFERS = ("memory", "broadcast")
"""The ways of `actors/sync/registry.py`, which brings Ray."""
LINEAR_LAYERS = tuple(dict.fromkeys(layer for family in FAMILIES.values() for layer in family.linear_layers))
"""Those of the language models of all families."""


@dataclass(frozen=True)
class Named:
    """A setting that names a function, which may be a user's own."""

    kind: str
    """What the function is, in words."""
    spec: Callable[[Config], FunctionSpec]
    """The function that a configuration names."""
    shipped: Mapping[str, Any]
    """Name -> the function, or another with its parameters."""
    given: tuple[str, ...] | None = None
    """The positional arguments that it is called with."""


def _policy_loss(tokens: Any, objective: Any) -> None:
    """The parameters of the losses that ship; these themselves bring torch."""


def _transfer(learners: Any, rollout: Any) -> None:
    """The parameters of the transfers that ship; these themselves bring Ray."""


NAMED = {
    "data.format": Named(
        "row format",
        lambda c: FunctionSpec(c.data.format, c.data.format_parameters),
        {AUTO.target: canonical, **{name: shipped.read for name, shipped in SHIPPED.items()}},
        ("row",),
    ),
    "grpo.estimator": Named(
        "advantage estimator", lambda c: FunctionSpec(c.grpo.estimator, c.grpo.estimator_parameters), ESTIMATORS
    ),
    "grpo.credit": Named(
        "credit rule", lambda c: FunctionSpec(c.grpo.credit, c.grpo.credit_parameters), CREDIT, ("groups", "estimate")
    ),
    "grpo.loss": Named(
        "policy loss",
        lambda c: FunctionSpec(c.grpo.loss, c.grpo.loss_parameters),
        dict.fromkeys(POLICY_LOSSES, _policy_loss),
        ("tokens", "objective"),
    ),
    "rollout.transfer": Named(
        "weight transfer",
        lambda c: FunctionSpec(c.rollout.transfer, c.rollout.transfer_parameters),
        dict.fromkeys(TRANSFERS, _transfer),
        ("learners", "rollout"),
    ),
}
"""By key."""


def known_names(key: str) -> tuple[str, ...]:
    """What ships under the names that a setting takes; nothing for settings of another kind."""
    if key in NAMED:
        return tuple(NAMED[key].shipped)
    if key.startswith("rewards.scorers."):
        return tuple(ADAPTERS) if key.endswith(".adapter") else ()
    others = {"model.tiny.family": tuple(FAMILIES), "model.lora.modules": LINEAR_LAYERS, "evaluation.reasoning.scorer": JUDGES}
    return others.get(key, ())


def function_problems(config: Config, files: bool) -> Iterator[str]:
    """A line for each function that is not there or does not take its parameters.

    Args:
        config: to look at.
        files: look into the files of users' functions too; they are read, not run.
    """
    for key, named in NAMED.items():
        spec = named.spec(config)
        own = ":" in spec.target or spec.target.endswith(".py")
        if not own and spec.target not in named.shipped:
            known = ", ".join(named.shipped)
            hint = did_you_mean(spec.target, named.shipped)
            yield f"{key} = {spec.target!r}: must be one of {known}, or file.py:function, or module:function{hint}"
        elif not own or files:
            try:
                check_function(named.kind, spec, named.shipped, named.given)
            except PluginError as error:
                yield f"{key} = {spec.target!r}: {error}"
