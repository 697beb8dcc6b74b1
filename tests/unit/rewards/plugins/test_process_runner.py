"""A scorer's process whatever it does: answers stay with their samples, and no call blocks for longer than its timeout."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest

from rewards.plugins.control_group import new_group, remove_group
from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import RewardSample
from tests.unit.rewards.conftest import Marked
from tests.unit.rewards.plugins.conftest import LOUD_SCORERS, ODD_SCORERS, Start
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
    child = made[0]._child
    assert child.alive()
    assert shown(made[0].score(samples("xxx"))) == ["3"]
    assert made[0]._child is child
    made[0].close()


def test_a_scorer_that_cannot_be_loaded_is_told() -> None:
    for target, said in ((f"{ODD_SCORERS}:leng", "did you mean 'length'"), (f"{ODD_SCORERS}:Popen", "has no 'Popen'")):
        with pytest.raises(PluginError, match=f"^scorer 'mine': .*{said}"):
            ProcessRunner(ScorerSpec("mine", target))


def test_whatever_is_raised_while_loading_is_told(tmp_path: Path) -> None:
    path = tmp_path / "raises.py"
    path.write_text("raise KeyboardInterrupt('by hand')\n")
    with pytest.raises(PluginError, match=r"^scorer 'mine': KeyboardInterrupt: by hand \(raises.py, line 1, in <module>\)"):
        ProcessRunner(ScorerSpec("mine", f"{path}:f"))


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


def test_what_cannot_be_sent_costs_its_sample(start: Start) -> None:
    odd = RewardSample("x", columns={"fine": 1, "f": lambda: 0})
    found = shown(start("length").score([*samples("x"), odd, *samples("xx")]))
    assert (found[0], found[2]) == ("1", "2")
    assert found[1].startswith("a sample cannot be scored: column 'f' cannot be sent to its process (")
    together = shown(start("returns_what_was_asked", mode="batch").score([*samples("tuple"), odd]))
    assert together == [found[1]] * 2


def test_a_strangers_scorer_is_not_made_to_wait_for_numba(start: Start) -> None:
    assert shown(start("brings_numba").score(samples("x"))) == ["0"]


STRAYS = ("helper", "own_session", "double_fork", "moving_target")
"""Scorers that leave processes behind."""


@pytest.fixture(params=["control group", "subreaper"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How what a scorer has started is ended: by the kernel, or by finding it."""
    if request.param == "subreaper":
        monkeypatch.setattr("rewards.plugins.leash.new_group", lambda: "")
    else:
        group = new_group()
        if not group:
            pytest.skip("this process may not make a control group")
        remove_group(group)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", STRAYS)
def test_what_a_scorer_started_ends_with_it(start: Start, marked: Marked, name: str) -> None:
    runner = start(name)
    assert shown(runner.score(samples("good"))) == ["1"]
    # it goes on after its call, beside the watcher and the scorer's process
    assert marked.at_least(3)
    mine = runner._child.leash.group  # type: ignore[attr-defined]
    runner.close()
    assert not mine or not Path(mine).exists()
    assert [marked.left() for _ in range(5)] == [[]] * 5  # one look may miss what moves


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("name", "said"), [("double_fork", "timed out"), ("own_session", "exit code 4")])
def test_what_a_scorer_started_ends_with_a_late_or_dead_process(start: Start, marked: Marked, name: str, said: str) -> None:
    runner = start(name, timeout=0.5)
    assert said in shown(runner.score(samples("bad")))[0]
    runner._child.kill()  # type: ignore[attr-defined]
    assert marked.left() == []


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("helper", "runner.score([RewardSample('bad')])"),
        ("double_fork", "runner.score([RewardSample('bad')])"),
        ("own_session", "time.sleep(600)"),
    ],
)
def test_what_a_scorer_started_ends_with_a_killed_worker(marked: Marked, name: str, then: str) -> None:
    code = (
        "import time\n"
        "from rewards.plugins.runners import start_runner\n"
        "from rewards.plugins.spec import ScorerSpec\n"
        "from rewards.sample import RewardSample\n"
        f"runner = start_runner(ScorerSpec('mine', '{ODD_SCORERS}:{name}', timeout=600))\n"
        f"runner.score([RewardSample('good')])\nprint('scored', flush=True)\n{then}"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"scored\n"
            assert marked.at_least(4)
        finally:
            worker.kill()
    assert marked.left() == []


def test_a_scorer_that_signals_its_group_means_itself(start: Start) -> None:
    found = shown(start("signals_its_group").score(GOOD_BAD_GOOD))
    assert (found[0], found[2]) == ("1", "1")
    assert "its process died (signal SIGKILL)" in found[1]


def test_a_watcher_that_was_killed_is_done_without(start: Start, marked: Marked) -> None:
    group = new_group()
    if not group:
        pytest.skip("this process may not make a control group, and without one what is left has no common ancestor")
    remove_group(group)
    runner = start("kills_its_watcher")
    mine = Path(runner._child.leash.group)  # type: ignore[attr-defined]
    assert mine.exists()
    assert "its supervisor was killed" in shown(runner.score(samples("good")))[0]
    runner.close()
    assert marked.left() == []
    assert not mine.exists()


@pytest.mark.usefixtures("way")
def test_a_watcher_that_was_stopped_is_done_without(start: Start, marked: Marked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewards.plugins.leash._PATIENCE", 0.5)
    runner = start("stops_its_watcher")
    assert shown(runner.score(samples("good"))) == ["1"]
    runner.close()
    assert marked.left() == []


@pytest.mark.parametrize("name", ["maps_shared_memory", "hoards_among_orphans", "many_small_processes"])
def test_memory_counts_that_is_shared_or_held_by_several_processes(start: Start, marked: Marked, name: str) -> None:
    runner = start(name, memory_gib=0.25, timeout=30.0)
    found = shown(runner.score(GOOD_BAD_GOOD))
    assert (found[0], found[2]) == ("1", "1")
    assert "it and what it started held 0." in found[1]
    assert "GiB, more than memory_gib 0.25" in found[1]
    runner.close()
    assert marked.left() == []


def test_memory_that_forks_share_counts_once(start: Start) -> None:
    assert shown(start("many_forks_of_much", memory_gib=0.25, timeout=10.0).score(samples("x"))) == ["1"]


def test_what_a_scorer_prints_and_logs_is_told_once(start: Start) -> None:
    runner = start("prints", LOUD_SCORERS)
    assert runner.said() == "printed while loading\n"
    assert runner.said() == ""
    assert shown(runner.score(samples("abc"))) == ["1"]
    said = runner.said().splitlines()
    assert said[:3] == ["printed abc", "to the error stream", "without a buffer"]
    assert {"by C code", "by a program", "WARNING mine: logged abc", "INFO chatty: asked for"} < set(said)
    assert any(line.endswith("UserWarning: a warning") for line in said)
    assert "too low a level" not in "".join(said)
    assert runner.said() == ""


def test_a_scorer_that_configures_logging_has_its_way(start: Start) -> None:
    runner = start("configures_logging", LOUD_SCORERS)
    runner.score(samples("x"))
    assert "MINE as it wants it\n" in runner.said()


def test_of_much_output_the_end_is_told(start: Start) -> None:
    runner = start("prints_much", LOUD_SCORERS)
    assert shown(runner.score(samples(*"abc"))) == ["1"] * 3
    said = runner.said()
    assert len(said) < 17_000
    assert said.startswith("(")
    assert said.endswith("xend\n")
    assert int(said[1:].split()[0]) + 16 * 1024 == len("printed while loading\n") + 3 * 1_000_004


def test_what_was_printed_before_a_kill_is_told(start: Start) -> None:
    runner = start("prints_and_hangs", LOUD_SCORERS, timeout=0.5)
    assert "timed out" in shown(runner.score(samples("x")))[0]
    assert runner.said().endswith("about to hang\n")


def test_parameters_that_cannot_be_sent_are_told_when_it_is_loaded() -> None:
    with pytest.raises(PluginError, match=r"^scorer 'mine': parameter 'thing' cannot be sent to its process \(.*; give numbers"):
        ProcessRunner(ScorerSpec("mine", f"{ODD_SCORERS}:takes", {"good": 1, "thing": lambda: 0}))


def test_parameters_that_cannot_be_read_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("only_here")
    exec("class Thing: pass", vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    thing = module.Thing()
    with pytest.raises(PluginError, match=r"^scorer 'mine': its parameters cannot be read in its process .*only_here"):
        ProcessRunner(ScorerSpec("mine", f"{ODD_SCORERS}:takes", {"thing": thing}))
    runner = ProcessRunner(ScorerSpec("mine", f"{ODD_SCORERS}:length"))
    found = shown(runner.score([RewardSample("x"), RewardSample("x", columns={"thing": thing}), RewardSample("xx")]))
    assert (found[0], found[2]) == ("1", "2")
    assert found[1].startswith("a sample cannot be scored: its process cannot read it (ModuleNotFoundError")
    runner.close()
