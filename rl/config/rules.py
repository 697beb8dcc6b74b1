"""What a configuration has to keep to, beyond its types."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from rewards.plugins.spec import NotInstalled, PluginError
from rewards.plugins.trial import try_out
from rl.config.combinations import combination_rules
from rl.config.functions import function_problems
from rl.config.places import address_problems, environment_problems, file_problems
from rl.config.ranges import choice_problems, range_problems
from rl.config.schema import Config, scorer_entries
from rl.config.variables import variable_problems


def check_config(config: Config, files: bool = True) -> list[str]:
    """One line for each problem, with key, value and what is allowed.

    Args:
        config: the whole configuration.
        files: look for data, models, functions and scorers too, and at the environment of the run.
    """
    found = [*range_problems(config), *choice_problems(config), *function_problems(config, files)]
    told = {problem.partition(" = ")[0] for problem in found}
    for rule in combination_rules(config):
        if not rule.holds and not any(key == rule.key or key.startswith(f"{rule.key}.") for key in told):
            found.append(f"{rule.key} = {rule.value!r}: {rule.allowed}")
    found += address_problems(config)
    if files:
        found += environment_problems(config, os.environ)
        found += variable_problems(config.cluster.env, os.environ)
        found += file_problems(config)
        found += _scorer_problems(config, told)
    return found


def joins_cluster(config: Config, environ: Mapping[str, str]) -> bool:
    """Whether a cluster is named that the run is to join, whose nodes may have what this machine lacks."""
    return (config.cluster.address or environ.get("RAY_ADDRESS") or "local") != "local"


def _scorer_problems(config: Config, told: Collection[str]) -> Iterator[str]:
    """Each scorer is loaded once where it is to run, so that one that cannot be is found before the run begins.

    Reward workers of a cluster that is joined may have what is not installed here: they say so at their start if they have not.

    Args:
        config: the whole configuration.
        told: keys of which something is wrong already; their scorers are left out.
    """
    scorers = config.rewards.scorers
    left = {name: one for name, one in scorers.items() if not any(key.startswith(f"rewards.scorers.{name}.") for key in told)}
    sound, levels = left == scorers, False
    for name in left:
        try:
            (entry,) = scorer_entries(replace(config, rewards=replace(config.rewards, scorers={name: left[name]})))
            levels = levels or (entry.level is not None and entry.weight > 0)
            try_out(entry.scorer)
        except PluginError as error:
            if isinstance(error, NotInstalled) and joins_cluster(config, os.environ):
                continue
            sound = False
            yield f"rewards.scorers.{name}: {error}"
    if sound and left and config.grpo.credit == "level" and not levels:
        yield "grpo.credit = 'level': needs a scorer of a level with a weight, such as leaf, or one with rewards.scorers.*.level"
