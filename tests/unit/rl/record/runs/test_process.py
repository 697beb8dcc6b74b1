"""Whether another process is still there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rl.record.runs.process import Job, jobs_of, lives, this_process

HERE = this_process({})


def test_this_process_lives() -> None:
    assert HERE.pid == os.getpid()
    assert lives(HERE, HERE)
    assert lives(replace(HERE, started=HERE.started + 1), HERE) is False


@pytest.mark.parametrize("name", ["python", "a) R 1 (b", "ünï"])
def test_a_process_of_any_name_is_found(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(sys.executable)
    code = f"import sys; sys.path.insert(0, {str(Path.cwd())!r}); from rl.record.runs.process import this_process; "
    code += "print(this_process({}).started, flush=True); sys.stdin.read()"
    words = [str(tmp_path / name), "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        one = replace(HERE, pid=process.pid, started=int(process.stdout.readline()))
        assert lives(one, HERE)
        process.kill()
    assert lives(one, HERE) is False


def test_of_another_machine_or_container_only_time_can_tell() -> None:
    machine = replace(HERE, machine="a")
    assert lives(replace(machine, boot="b"), machine) is False
    assert lives(replace(machine, boot="b", host="node17"), machine) is None
    assert lives(replace(machine, boot="b", machine="b"), machine) is None
    assert lives(replace(HERE, boot="b", machine=""), replace(HERE, machine="")) is None
    assert lives(replace(HERE, namespace=1), HERE) is None


def test_the_next_attempt_of_a_job_says_that_the_one_before_has_ended() -> None:
    before = replace(HERE, host="node17", boot="b", jobs=(Job("Ray", "r"), Job("Slurm", "7", "alpha", 0)))
    assert lives(before, replace(HERE, jobs=(Job("Slurm", "7", "alpha", 1),))) is False
    assert lives(before, replace(HERE, jobs=(Job("Slurm", "7", "alpha", 0),))) is None
    assert lives(before, replace(HERE, jobs=(Job("Slurm", "7", "beta", 1),))) is None
    assert lives(before, replace(HERE, jobs=(Job("Slurm", "8", "alpha", 1),))) is None
    assert lives(before, replace(HERE, jobs=(Job("AWS Batch", "7", "alpha", 1),))) is None


def test_jobs_are_named_as_their_schedulers_do() -> None:
    ray = {"RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps({"runtime_env": {}, "metadata": {"job_submission_id": "raysubmit_1"}})}
    slurm = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "alpha", "SLURM_RESTART_COUNT": "2"}
    found = jobs_of(
        ray | slurm | {"AWS_BATCH_JOB_ID": "b", "AWS_BATCH_JOB_ATTEMPT": "1", "PBS_JOBID": "9.head", "LSB_JOBID": "4"}
    )
    assert list(map(str, found)) == ["Ray job raysubmit_1", "Slurm job 7", "AWS Batch job b", "PBS job 9.head", "LSF job 4"]
    assert [job.attempt for job in found] == [0, 2, 1, 0, 0]
    assert [job.end_command for job in found][:2] == ["ray job stop raysubmit_1", "scancel 7"]
    assert jobs_of({"RAY_JOB_CONFIG_JSON_ENV_VAR": "{}", "SLURM_JOB_ID": ""}) == ()
