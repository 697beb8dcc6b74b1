"""What the Ray job that this process belongs to has set already. Ray refuses to be told the same again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""The variable in which Ray hands a job's configuration to its driver."""


def job_runtime_env(environ: Mapping[str, str]) -> dict[str, Any]:
    """The `runtime_env` that this process's job was submitted with; empty where there is no job, or it has none."""
    config: dict[str, Any] = json.loads(environ.get(_JOB_CONFIG, "{}"))
    return config.get("runtime_env") or {}


def beside(ours: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """A `runtime_env` of ours without what the job's sets, which workers have anyway: variables one by one, all else whole."""
    variables = {name: value for name, value in ours["env_vars"].items() if name not in job.get("env_vars", {})}
    return {**{key: value for key, value in ours.items() if key not in job}, "env_vars": variables}
