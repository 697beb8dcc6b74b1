"""A run joins its cluster, with the environment that all its workers are given."""

from __future__ import annotations

import os
from pathlib import Path

from actors.cluster import connect
from actors.determinism import deterministic_variables
from actors.environment import worker_environment
from actors.logs import LOGS
from rl.config.schema import Config
from rl.config.variables import without_fit
from rl.record.console import warn


def join(config: Config, logs: Path) -> str:
    """Connect to the cluster that the config means, or start one.

    Args:
        config: the run's.
        logs: folder of what its workers print.

    Returns:
        What was done, for the log.

    Raises:
        ClusterError: if the cluster that is named cannot be joined.
    """
    if unfit := without_fit(config.cluster.env, os.environ):
        warn(f"cluster.env: no variable fits {', '.join(unfit)}; set them where affectree is started, or take the pattern out")
    on_cpu = not (config.learner.gpus or config.rollout.gpus)
    alike = deterministic_variables(on_cpu) if config.determinism else {}
    environment = worker_environment(on_cpu) | alike | {LOGS: str(logs)}
    return connect(config.cluster.address, config.cluster.object_store_gib, environment, config.cluster.env)
