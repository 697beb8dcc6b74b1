"""Settings that name a function or a family: whether what they name exists, and takes its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rewards.errors import did_you_mean
from rewards.plugins.adapter_names import ADAPTER_NAMES
from rewards.plugins.loading import check_function
from rewards.plugins.spec import FunctionSpec, PluginError
from rl.algo.credit import CREDIT
from rl.algo.estimators import ESTIMATORS
from rl.algo.objective import POLICY_LOSSES
from rl.config.schema import Config
from rollout.families import FAMILIES
from rollout.judges import JUDGES
from rollout.rows.formats.canonical import canonical
from rollout.rows.formats.registry import AUTO
from rollout.rows.formats.shipped import SHIPPED

TRANSFERS = ("memory", "broadcast")
"""Names of the transfers in `actors/sync/registry.py`, which itself would import Ray."""
LINEAR_LAYERS = tuple(dict.fromkeys(layer for family in FAMILIES.values() for layer in family.linear_layers))
"""Names of linear layers in the language models of all families."""


@dataclass(frozen=True)
class Named:
    """A setting that names a function, which may be a user's own."""

    kind: str
    """What the function is, in words."""
    spec: Callable[[Config], FunctionSpec]
    """The function that a configuration names."""
    shipped: Mapping[str, Any]
    """Name -> the shipped function, or a stand-in with the same parameters."""
    given: tuple[str, ...] | None = None
    """Names of the positional arguments that it is called with; None leaves them unchecked."""


def _policy_loss(tokens: Any, objective: Any) -> None:
    """Has the parameters of every shipped loss, which itself would import torch."""


def _transfer(learners: Any, rollout: Any) -> None:
    """Has the parameters of every shipped transfer, which itself would import Ray."""


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
"""The settings that name a function, by key."""


def strangers_functions(config: Config) -> dict[str, tuple[str, str]]:
    """Dotted key -> (what it is, in words; target) of all that a configuration names by `file.py:function` or
    `module:function`."""
    found = {key: (named.kind, named.spec(config).target) for key, named in NAMED.items() if key != "data.format"}
    data = config.data
    formats = {f"data.sets.{name}.format": one.format for name, one in data.sets.items()} or {"data.format": data.format}
    found |= {key: (NAMED["data.format"].kind, target) for key, target in formats.items()}
    for name, scorer in config.rewards.scorers.items():
        found[f"rewards.scorers.{name}.spec"] = (f"scorer {name!r}", scorer.spec or name)
    return {key: (kind, target) for key, (kind, target) in found.items() if ":" in target}


def known_names(key: str) -> tuple[str, ...]:
    """What ships under the names that a setting takes; nothing for settings of another kind."""
    if key in NAMED:
        return tuple(NAMED[key].shipped)
    if key.startswith("rewards.scorers."):
        return ADAPTER_NAMES if key.endswith(".adapter") else ()
    others = {"model.tiny.family": tuple(FAMILIES), "model.lora.modules": LINEAR_LAYERS, "evaluation.reasoning.scorer": JUDGES}
    return others.get(key, ())


def function_problems(config: Config, files: bool) -> Iterator[str]:
    """A line for each function that is not there or does not take its parameters.

    Args:
        config: the whole configuration.
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
