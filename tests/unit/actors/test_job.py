"""What a job's `runtime_env` sets is left out of ours, as Ray's own merging wants it."""

from __future__ import annotations

import json

import pytest
from ray.runtime_env.runtime_env import _merge_runtime_env

from actors.job import beside, job_runtime_env

OURS = {"env_vars": {"TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}, "py_executable": "'/a b/python'"}


def job(runtime_env: object) -> dict[str, str]:
    return {"RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps({"runtime_env": runtime_env, "metadata": {}})}


@pytest.mark.parametrize(
    "runtime_env",
    [
        {"env_vars": {"TQDM_DISABLE": "0", "MINE": "x"}, "working_dir": "gcs://_ray_pkg_1.zip"},
        {"env_vars": {"TQDM_DISABLE": "0", "PYTHONWARNINGS": "default"}, "py_executable": "uv run"},
        {"working_dir": "gcs://_ray_pkg_1.zip"},
        {},
        None,
    ],
)
def test_ray_can_merge_what_is_left_and_the_job_wins(runtime_env: dict[str, object] | None) -> None:
    found = job_runtime_env(job(runtime_env))
    merged = _merge_runtime_env(found, beside(OURS, found))
    assert merged == {**OURS, **found, "env_vars": {**OURS["env_vars"], **found.get("env_vars", {})}}


def test_ray_refuses_what_is_set_twice() -> None:
    assert _merge_runtime_env({"env_vars": {"TQDM_DISABLE": "0"}}, OURS) is None


def test_without_a_job_all_of_ours_is_sent() -> None:
    assert job_runtime_env({}) == {}
    assert beside(OURS, {}) == OURS
