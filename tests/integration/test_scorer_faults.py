"""Every way in which a scorer can go wrong, on real reward workers in Ray: it costs its sample and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from pathlib import Path

import numpy as np
import psutil
import pytest
import ray

from actors.cluster import ClusterError, wait_ready
from actors.logs import LOGS, keep_output
from actors.reward_workers import RewardPool
from rewards.mix import with_sources
from rewards.mix_settings import mix_entries
from rewards.sample import Reward
from rl.record.endings import mendable
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, Sample, VersionSpan
from tests.unit.stations import encoded_text

FILE = Path(__file__).with_name("faulty_scorers.py")
MARK = str(uuid.uuid4())
COMPLETIONS = ("good", "bad", "good", "good")


def group() -> Group:
    ids = np.zeros(1, dtype=np.int64)
    samples = tuple(Sample(ids, ids, ids.astype(np.float32), text, "stop", (VersionSpan(1, 1),)) for text in COMPLETIONS)
    row = Row(0, "What is it?", (), "rationale")
    return Group(Prompt("step1-0", row, encoded_text(ids)), samples)


def started(settings: dict[str, dict[str, object]]) -> RewardPool:
    """A pool of one real worker, whose descendants can all be told by a mark that they inherit."""
    scoring = RewardPool(with_sources(mix_entries(settings)), workers=1)
    ray.get(
        scoring.workers[0].__ray_call__.remote(lambda worker, mark: os.environ.update(STARTED_BY_TEST=mark), MARK), timeout=120
    )
    ray.get(scoring.ready(), timeout=120)
    return scoring


def score(settings: dict[str, dict[str, object]], times: int = 1) -> list[tuple[Reward, ...]]:
    """What a real worker makes of the group, after which nothing of the scorers is left running."""
    scoring = started({name: {"timeout": 2.0, **given} for name, given in settings.items()})
    found = [scored.rewards for scored in scoring.score([group() for _ in range(times)], timeout=120)]
    scoring.shutdown()
    wait_until_nothing_is_left()
    return found


def wait_until_nothing_is_left() -> None:
    deadline = time.monotonic() + 20
    while left_running() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_running() == []


def left_running() -> list[str]:
    """Every process of the machine, whoever its parent is, that descends from a worker of these tests."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("STARTED_BY_TEST") == MARK and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


FAULTS = {
    "raises": "ZeroDivisionError",
    "returns_nan": "finite",
    "returns_inf": "finite",
    "sleeps": "timed out after 2 s",
    "spins": "timed out after 2 s",
    "spins_in_c": "timed out after 2 s",
    "leaves_a_process_and_spins": "timed out after 2 s",
    "leaves_a_daemon_and_spins": "timed out after 2 s",
    "leaves_a_session_and_dies": "exit code 4",
    "never_answers": "timed out after 2 s",
    "exhausts_memory": "MemoryError",
    "fills_shared_memory": "GiB, more than memory_gib 0.5",
    "kills_its_process": "SIGKILL",
    "crashes": "about to read address zero",
    "exits": "SystemExit: enough",
    "interrupts": "KeyboardInterrupt",
    "interrupts_async": "KeyboardInterrupt",
    "cancels_itself": "CancelledError",
    "returns_what_cannot_be_pickled": "must be a finite number, found <function",
}
"""Scorer -> what its failure says."""
HARMLESS = ("numpy_scalar", "prints_10_mb", "leaves_a_daemon", "returns_none")


def test_every_fault_costs_its_own_sample_only(cluster: None) -> None:
    settings = {name: {"spec": f"{FILE}:{name}", "memory_gib": 0.5} for name in (*FAULTS, *HARMLESS)}
    for rewards in score(settings, times=2):
        assert [reward.value for reward in rewards] == [1.0, None, 1.0, 1.0]
        good, bad = rewards[0], rewards[1]
        assert set(good.parts) == {*FAULTS, *HARMLESS}
        assert [dict(reward.errors) for reward in (rewards[0], *rewards[2:])] == [{}] * 3
        assert set(bad.errors) == set(FAULTS)
        for name, said in FAULTS.items():
            assert said in bad.errors[name], name
        assert set(bad.parts) == {"numpy_scalar", "prints_10_mb", "leaves_a_daemon"}


def test_a_wrong_length_costs_the_call_that_it_answered(cluster: None) -> None:
    (rewards,) = score({"mine": {"spec": f"{FILE}:wrong_length", "mode": "group"}})
    assert [reward.value for reward in rewards] == [None] * 4
    assert all("5 results for 4 samples" in reward.errors["mine"] for reward in rewards)


def test_a_number_can_stand_in_and_is_still_counted(cluster: None) -> None:
    (rewards,) = score({"mine": {"spec": f"{FILE}:raises", "on_error": -1}})
    assert [reward.value for reward in rewards] == [1.0, -1.0, 1.0, 1.0]
    assert "ZeroDivisionError" in rewards[1].errors["mine"]


def test_fail_ends_the_step_with_the_scorers_name(cluster: None) -> None:
    with pytest.raises(Exception, match="scorer 'mine' failed, and its on_error is fail: ZeroDivisionError"):
        score({"mine": {"spec": f"{FILE}:raises", "on_error": "fail"}})


@pytest.mark.parametrize("name", ["spins", "leaves_a_daemon_and_spins"])
@pytest.mark.parametrize("end", ["ray.kill", "SIGKILL"])
def test_a_killed_reward_worker_takes_its_scorers_along(cluster: None, name: str, end: str) -> None:
    scoring = started({"mine": {"spec": f"{FILE}:{name}", "timeout": 600}})
    process = ray.get(scoring.workers[0].__ray_call__.remote(lambda worker: os.getpid()))
    waiting = scoring.workers[0].score.remote(group())
    processes, deadline = 3 if "daemon" in name else 2, time.monotonic() + 20
    while len(left_running()) < processes and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not ray.wait([waiting], timeout=0.5)[0]
    assert len(left_running()) >= processes
    if end == "SIGKILL":
        os.kill(process, signal.SIGKILL)
    else:
        ray.kill(scoring.workers[0])
    wait_until_nothing_is_left()


def test_a_set_is_told_with_what_to_return(cluster: None) -> None:
    (rewards,) = score({"mine": {"spec": f"{FILE}:returns_a_set", "mode": "batch"}})
    told = "scorer 'mine' must return a list of 4 results, in the order of the samples, found a set"
    assert [reward.errors["mine"] for reward in rewards] == [told] * 4


def test_what_a_scorer_prints_and_logs_is_in_its_workers_log(cluster: None, tmp_path: Path) -> None:
    scoring = started({"mine": {"spec": f"{FILE}:prints_and_logs"}})

    def log_here(worker: object, folder: str) -> None:
        os.environ[LOGS] = folder
        keep_output("reward worker 0")

    ray.get(scoring.workers[0].__ray_call__.remote(log_here, str(tmp_path)))
    list(scoring.score([group(), group()], timeout=120))
    scoring.shutdown()
    lines = (tmp_path / "reward_worker_0.log").read_text().splitlines()
    for said in ("printed", "WARNING mine: logged"):
        assert [line for line in lines if said in line] == [f"scorer mine: {said} {text}" for text in COMPLETIONS * 2]


def test_a_scorer_that_cannot_be_loaded_on_a_worker_is_told_in_one_line(cluster: None) -> None:
    scoring = RewardPool(mix_entries({"mine": {"spec": "no_such_module:score"}}), workers=1)
    with pytest.raises(Exception, match="no_such_module") as told:
        wait_ready("the reward workers", scoring.ready(), 120)
    scoring.shutdown()
    message = mendable(told.value)
    assert message is not None
    assert message.startswith("scorer 'mine': module no_such_module cannot be imported")
    assert "\n" not in message


def test_a_worker_whose_process_ends_while_it_starts_is_told_in_one_line(cluster: None) -> None:
    scoring = RewardPool(with_sources(mix_entries({"mine": {"spec": f"{FILE}:raises", "isolation": "inline"}})), workers=1)
    ray.get(scoring.ready(), timeout=120)
    process = ray.get(scoring.workers[0].__ray_call__.remote(lambda worker: os.getpid()))
    os.kill(process, signal.SIGKILL)
    with pytest.raises(ClusterError, match=r"the reward workers did not start: .*; what its process printed is in logs/") as told:
        wait_ready("the reward workers", scoring.ready(), 120)
    assert "\n" not in str(told.value)
