"""A scorer's process whatever it does: answers stay with their samples, and no call blocks for longer than its timeout."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import RewardSample
from tests.unit.rewards.plugins.conftest import ODD_SCORERS, Start
from tests.unit.rewards.plugins.outcomes import GOOD_BAD_GOOD, samples, shown

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("closes_everything", "closed its pipe"),
        ("exits", "SystemExit: enough"),
        ("torn_answer", "exit code 3"),
    ],
)
def test_odd_ends_cost_their_own_sample(start: Start, name: str, said: str) -> None:
    found = shown(start(name).score(GOOD_BAD_GOOD))
    assert (found[0], found[2]) == ("1", "1")
    assert said in found[1]


def test_a_child_that_stops_reading_does_not_block_a_large_request(start: Start) -> None:
    runner = start("stops_after", timeout=0.5)
    runner.score(samples("bad"))
    time.sleep(0.4)
    began = time.monotonic()
    found = runner.score(samples("x" * 2_000_000))
    assert "timed out" in shown(found)[0]
    assert time.monotonic() - began < 10
    assert shown(runner.score(samples("good"))) == ["1"]


def test_threads_get_their_own_answers(start: Start) -> None:
    runner, found = start("length"), {}

    def work(size: int) -> None:
        found[size] = shown(runner.score(samples(*["x" * size] * 10)))

    threads = [threading.Thread(target=work, args=(size,)) for size in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {size: [str(size)] * 10 for size in (1, 2, 3)}


def test_an_interrupted_call_leaves_nothing_for_the_next(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    runner: Any = start("length")
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


def test_a_runner_outlives_the_thread_that_made_it() -> None:
    made: list[ProcessRunner] = []
    thread = threading.Thread(target=lambda: made.append(ProcessRunner(ScorerSpec("mine", f"{ODD_SCORERS}:length"))))
    thread.start()
    thread.join()
    time.sleep(0.3)
    process = made[0]._child.process
    assert process.poll() is None
    assert shown(made[0].score(samples("xxx"))) == ["3"]
    assert made[0]._child.process is process
    made[0].close()


def test_a_scorer_that_cannot_be_loaded_is_told() -> None:
    for target, said in ((f"{ODD_SCORERS}:leng", "did you mean 'length'"), (f"{ODD_SCORERS}:Popen", "has no 'Popen'")):
        with pytest.raises(PluginError, match=f"^scorer 'mine': .*{said}"):
            ProcessRunner(ScorerSpec("mine", target))


def test_a_process_that_dies_while_loading_is_told_with_its_last_words(tmp_path: Path) -> None:
    path = tmp_path / "dies.py"
    path.write_text("import os\nprint('words', flush=True)\nos._exit(5)\n")
    with pytest.raises(PluginError, match=r"its process died while loading it \(exit code 5; last output: words\); mend what"):
        ProcessRunner(ScorerSpec("mine", f"{path}:f"))


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


def test_what_cannot_be_sent_is_a_failure(start: Start) -> None:
    assert "cannot be sent" in shown(start("length").score([RewardSample("x", columns={"f": lambda: 0})]))[0]


def test_a_strangers_scorer_is_not_made_to_wait_for_numba(start: Start) -> None:
    assert shown(start("brings_numba").score(samples("x"))) == ["0"]


def test_what_a_scorer_started_ends_with_a_killed_worker() -> None:
    code = (
        "from rewards.plugins.runners import start_runner\n"
        "from rewards.plugins.spec import ScorerSpec\n"
        "from rewards.sample import RewardSample\n"
        f"start_runner(ScorerSpec('mine', '{ODD_SCORERS}:helper', timeout=600)).score([RewardSample('bad')])"
    )
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
