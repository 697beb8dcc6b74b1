"""A scorer's process whatever it does: answers stay with their samples, and no call blocks for longer than its timeout."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.runners import Runner, score_with_retries, start_runner
from rewards.plugins.spec import ScorerSpec
from rewards.sample import Failure, Outcome, RewardSample, Score

pytestmark = pytest.mark.timeout(60)

IMPORTS = """
from rewards.plugins.runners import start_runner
from rewards.plugins.spec import ScorerSpec
from rewards.sample import RewardSample
"""
SCORERS = """
import asyncio, json, os, signal, subprocess, sys, time
from pathlib import Path
def length(sample): time.sleep(0.02); return len(sample.completion)
def closes_everything(sample):
    if sample.completion == "bad": os.closerange(3, 256); time.sleep(3600)
    return 1
def stops_after(sample):
    if sample.completion == "bad":
        subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -STOP {os.getpid()}"])
    return 1
def exits(sample):
    if sample.completion == "bad": sys.exit("enough")
    return 1
def torn_answer(sample):
    if sample.completion == "bad":
        os.write(int(sys.argv[1]), b"\\x00\\x00\\x10\\x00half"); os._exit(3)
    return 1
def helper(sample):
    subprocess.Popen(["sleep", "3599"])
    while sample.completion == "bad": pass
    return 1
def own_timeout(sample): raise TimeoutError("the service")
async def own_timeout_async(sample): raise TimeoutError("the service")
async def slow(sample): await asyncio.sleep(3600 if sample.completion == "bad" else 0); return 1
async def slow_list(samples): await asyncio.sleep(3600)
async def busy(sample):
    end = time.monotonic() + 0.4
    while time.monotonic() < end: pass
    return 1
def blocks(sample):
    if sample.completion == "bad": time.sleep(3600)
    return 1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scorers.py"
    path.write_text(SCORERS)
    return path


@pytest.fixture
def start(file: Path) -> Iterator[object]:
    runners: list[Runner] = []

    def begin(name: str, **settings: object) -> Runner:
        runners.append(start_runner(ScorerSpec("mine", f"{file}:{name}", **{"timeout": 1.0, "retries": 0, **settings})))  # type: ignore[arg-type]
        return runners[-1]

    yield begin
    for runner in runners:
        runner.close()


def samples(*texts: str) -> list[RewardSample]:
    return [RewardSample(text) for text in texts]


GOOD_BAD_GOOD = samples("good", "bad", "good")


def shown(outcomes: list[Outcome]) -> list[str]:
    return [f"{o.value:g}" if isinstance(o, Score) else o.message if isinstance(o, Failure) else "None" for o in outcomes]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("closes_everything", "closed its pipe"),
        ("exits", "SystemExit: enough"),
        ("torn_answer", "exit code 3"),
    ],
)
def test_odd_ends_cost_their_own_sample(start, name: str, said: str) -> None:
    found = shown(start(name).score(GOOD_BAD_GOOD))
    assert (found[0], found[2]) == ("1", "1")
    assert said in found[1]


def test_a_child_that_stops_reading_does_not_block_a_large_request(start) -> None:
    runner = start("stops_after")
    runner.score(samples("bad"))
    time.sleep(0.8)
    began = time.monotonic()
    found = runner.score(samples("x" * 2_000_000))
    assert "timed out" in shown(found)[0]
    assert time.monotonic() - began < 10
    assert shown(runner.score(samples("good"))) == ["1"]


def test_threads_get_their_own_answers(start) -> None:
    runner, found = start("length"), {}

    def work(size: int) -> None:
        found[size] = shown(runner.score(samples(*["x" * size] * 10)))

    threads = [threading.Thread(target=work, args=(size,)) for size in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {size: [str(size)] * 10 for size in (1, 2, 3)}


def test_an_interrupted_call_leaves_nothing_for_the_next(start, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = start("length")
    receive, answers = runner._child.receive, []

    def interrupted(deadline: float) -> object:
        if len(answers) == 2:
            raise KeyboardInterrupt
        answers.append(receive(deadline))
        return answers[-1]

    monkeypatch.setattr(runner._child, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.score(samples(*["x"] * 10))
    assert shown(runner.score(samples("xx", "xxx"))) == ["2", "3"]


def test_a_runner_outlives_the_thread_that_made_it(file: Path) -> None:
    made: list[ProcessRunner] = []
    thread = threading.Thread(target=lambda: made.append(ProcessRunner(ScorerSpec("mine", f"{file}:length"))))
    thread.start()
    thread.join()
    time.sleep(0.3)
    process = made[0]._child.process
    assert process.poll() is None
    assert shown(made[0].score(samples("xxx"))) == ["3"]
    assert made[0]._child.process is process
    made[0].close()


def test_a_scorer_that_cannot_be_loaded_again_costs_its_samples(tmp_path: Path) -> None:
    path, mark = tmp_path / "once.py", tmp_path / "mark"
    path.write_text(
        f"import os, pathlib\nmark = pathlib.Path({str(mark)!r})\nif mark.exists(): raise RuntimeError('not twice')\n"
        "mark.touch()\ndef f(sample):\n    if sample.completion == 'bad': os._exit(1)\n    return 1\n"
    )
    runner = ProcessRunner(ScorerSpec("mine", f"{path}:f"))
    found = shown(runner.score(GOOD_BAD_GOOD))
    assert found[0] == "1"
    assert "exit code 1" in found[1]
    assert "not twice" in found[2]
    runner.close()


def test_what_cannot_be_sent_is_a_failure(start) -> None:
    assert "cannot be sent" in shown(start("length").score([RewardSample("x", columns={"f": lambda: 0})]))[0]


def test_what_a_scorer_started_ends_with_a_killed_worker(file: Path) -> None:
    code = f"{IMPORTS}start_runner(ScorerSpec('mine', {str(file)!r} + ':helper', timeout=600)).score([RewardSample('bad')])"
    worker = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 20
    while not helpers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert helpers()
    worker.kill()
    worker.wait()
    while helpers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert helpers() == []


def helpers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "3599"]]


@pytest.mark.parametrize("name", ["own_timeout", "own_timeout_async"])
def test_a_services_timeout_is_infrastructure(start, name: str) -> None:
    (outcome,) = start(name).score(samples("x"))
    assert isinstance(outcome, Failure)
    assert outcome.infrastructure
    assert "the service" in outcome.message


@pytest.mark.parametrize("isolation", ["process", "thread", "inline"])
def test_a_late_coroutine_is_the_scorers_own_fault(start, isolation: str) -> None:
    found = start("slow", isolation=isolation).score(GOOD_BAD_GOOD)
    assert shown(found) == ["1", "timed out after 1 s", "1"]
    assert not found[1].infrastructure
    late = start("slow_list", isolation=isolation, mode="batch").score(GOOD_BAD_GOOD)
    assert shown(late) == ["timed out after 1 s"] * 3
    assert not late[0].infrastructure


def test_coroutines_that_compute_have_their_timeout_each(start) -> None:
    assert shown(start("busy").score(samples(*"abcdef"))) == ["1"] * 6


def test_threads_wait_side_by_side_and_let_the_process_end(file: Path) -> None:
    code = (
        f"{IMPORTS}r = start_runner(ScorerSpec('mine', {str(file)!r} + ':blocks', isolation='thread', timeout=1))\n"
        "print([getattr(o, 'value', 'late') for o in r.score([RewardSample(t) for t in ('good', 'bad', 'bad', 'good')])])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[1.0, 'late', 'late', 1.0]"


def test_faults_of_infrastructure_are_tried_again_in_whole_groups(tmp_path: Path) -> None:
    path, count = tmp_path / "flaky.py", tmp_path / "count"
    path.write_text(
        f"import pathlib\ncount = pathlib.Path({str(count)!r})\n"
        "def f(samples):\n    text = count.read_text() if count.exists() else ''\n"
        "    count.write_text(text + str(len(samples)))\n"
        "    if len(text) < 2: raise ConnectionError('busy')\n    return [1] * len(samples)\n"
    )
    runner = start_runner(ScorerSpec("mine", f"{path}:f", mode="group", retries=2))
    assert shown(score_with_retries(runner, GOOD_BAD_GOOD)) == ["1"] * 3
    assert count.read_text() == "333"
    runner.close()
