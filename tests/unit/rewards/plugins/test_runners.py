"""Wherever a scorer runs: late calls, faults of services, and another try."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.runners import InlineRunner, ThreadRunner, score_with_retries, start_runner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import Failure
from tests.unit.rewards.plugins.conftest import LOUD_SCORERS, ODD_SCORERS, Start
from tests.unit.rewards.plugins.outcomes import GOOD_BAD_GOOD, samples, shown

pytestmark = pytest.mark.timeout(60)

ISOLATIONS = ("process", "thread", "inline")


def test_a_scorer_runs_where_its_spec_says(start: Start) -> None:
    for isolation, kind in zip(ISOLATIONS, (ProcessRunner, ThreadRunner, InlineRunner), strict=True):
        runner = start("length", isolation=isolation)
        assert type(runner) is kind
        assert (runner.mode, len(runner.sha256)) == ("sample", 64)
        assert shown(runner.score(samples("x", "xxx"))) == ["1", "3"]
    assert isinstance(start_runner(ScorerSpec("leaf")), InlineRunner)
    with pytest.raises(PluginError, match="timeout must be"):
        start("length", timeout=0)


@pytest.mark.parametrize("name", ["own_timeout", "own_timeout_async"])
def test_a_services_timeout_is_infrastructure(start: Start, name: str) -> None:
    (outcome,) = start(name).score(samples("x"))
    assert isinstance(outcome, Failure)
    assert outcome.infrastructure
    assert "the service" in outcome.message


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_late_coroutine_is_the_scorers_own_fault(start: Start, isolation: str) -> None:
    found = start("slow", isolation=isolation, timeout=0.5).score(GOOD_BAD_GOOD)
    assert shown(found) == ["1", "timed out after 0.5 s", "1"]
    assert not found[1].infrastructure  # type: ignore[union-attr]
    late = start("slow_list", isolation=isolation, mode="batch", timeout=0.5).score(GOOD_BAD_GOOD)
    assert shown(late) == ["timed out after 0.5 s"] * 3
    assert not late[0].infrastructure  # type: ignore[union-attr]


ODD_ENDS = {
    "cancelled": "CancelledError",
    "interrupt": "KeyboardInterrupt: by hand",
    "exit": "SystemExit: enough",
    "generator": "GeneratorExit",
    "group": "BaseExceptionGroup: several (2 sub-exceptions)",
    "unprintable": "Unprintable: (no message: its __str__ raised RuntimeError)",
}
"""What a scorer raises -> what its failure says."""


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("name", ["raises", "raises_async", "raises_in_a_task"])
def test_whatever_is_raised_costs_its_own_sample(start: Start, name: str, isolation: str) -> None:
    odd = [kind for kind in ODD_ENDS if (name, isolation, kind) != ("raises", "inline", "interrupt")]
    runner = start(name, isolation=isolation)
    first = getattr(runner, "_child", None)
    found = shown(runner.score(samples("good", *odd, "good")))
    assert (found[0], found[-1]) == ("1", "1")
    for kind, message in zip(odd, found[1:-1], strict=True):
        assert message.startswith(ODD_ENDS[kind])
    assert getattr(runner, "_child", None) is first  # none of it ends a process


def test_an_interrupt_in_the_main_thread_is_the_users(start: Start) -> None:
    with pytest.raises(KeyboardInterrupt):
        start("raises", isolation="inline").score(samples("good", "interrupt"))


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("name", ["cancels_all", "stops_the_loop"])
def test_what_is_done_to_the_event_loop_hangs_nobody(start: Start, name: str, isolation: str) -> None:
    runner = start(name, isolation=isolation)
    for outcome in shown(runner.score(GOOD_BAD_GOOD)):
        assert outcome == "1" or "CancelledError" in outcome or "stopped from within" in outcome
    assert shown(runner.score(samples("good"))) == ["1"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("name", ["refuses_to_end", "blocks_async"])
def test_coroutines_that_do_not_end_are_bounded(name: str, isolation: str) -> None:
    code = (
        "from rewards.plugins.runners import start_runner\n"
        "from rewards.plugins.spec import ScorerSpec\n"
        "from rewards.sample import RewardSample\n"
        f"r = start_runner(ScorerSpec('mine', '{ODD_SCORERS}:{name}', isolation='{isolation}', timeout=0.5))\n"
        "for texts in (('good', 'bad'), ('good', 'good')):\n"
        "    print([getattr(o, 'message', 'scored')[:9] for o in r.score([RewardSample(t) for t in texts])])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert lines == ["['scored', 'timed out']", "['scored', 'scored']"]  # the process ends beside what it left behind


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_results_that_are_no_list_are_told_with_what_to_return(start: Start, isolation: str) -> None:
    runner = start("returns_what_was_asked", isolation=isolation, mode="batch")

    def of(kind: str) -> str:
        (message,) = set(shown(runner.score(samples(kind, "x"))))
        return message

    for kind, found in (("set", "set"), ("generator", "generator"), ("values", "dict_values")):
        expected = f"scorer 'mine' must return a list of 2 results, in the order of the samples, found a {found}"
        assert of(kind) == expected
    assert of("too many").startswith("scorer 'mine' returned 3 results for 2 samples; it must return a list")
    assert of("lambda").startswith("scorer 'mine': score must be a finite number, found <function")
    assert of("tuple") == "1"


@pytest.mark.parametrize("isolation", ["thread", "inline"])
def test_what_has_no_process_of_its_own_prints_where_its_caller_does(
    start: Start, isolation: str, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = start("prints", LOUD_SCORERS, isolation=isolation)
    runner.score(samples("abc"))
    assert runner.said() == ""
    assert "printed abc\n" in capfd.readouterr().out


def test_coroutines_that_compute_have_their_timeout_each(start: Start) -> None:
    assert shown(start("busy").score(samples(*"abc"))) == ["1"] * 3  # 0.4 s each, and a second for each


def test_threads_wait_side_by_side_and_let_the_process_end() -> None:
    code = (
        "from rewards.plugins.runners import start_runner\n"
        "from rewards.plugins.spec import ScorerSpec\n"
        "from rewards.sample import RewardSample\n"
        f"r = start_runner(ScorerSpec('mine', '{ODD_SCORERS}:blocks', isolation='thread', timeout=0.5))\n"
        "print([getattr(o, 'value', 'late') for o in r.score([RewardSample(t) for t in ('good', 'bad', 'bad', 'good')])])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[1.0, 'late', 'late', 1.0]"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another try comes soon."""
    monkeypatch.setattr("rewards.plugins.runners._BACKOFF", 0.05)


@pytest.mark.usefixtures("soon")
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


@pytest.mark.usefixtures("soon")
def test_only_the_samples_that_failed_are_tried_again(tmp_path: Path) -> None:
    path, seen = tmp_path / "flaky.py", tmp_path / "seen"
    path.write_text(
        f"import pathlib\nseen = pathlib.Path({str(seen)!r})\n"
        "def f(sample):\n    text = seen.read_text() if seen.exists() else ''\n"
        "    seen.write_text(text + sample.completion[0])\n"
        "    if sample.completion == 'bad' and text.count('b') < 1: raise ConnectionError('busy')\n    return 1\n"
    )
    runner = start_runner(ScorerSpec("mine", f"{path}:f", isolation="inline", retries=2))
    assert shown(score_with_retries(runner, GOOD_BAD_GOOD)) == ["1"] * 3
    assert seen.read_text() == "gbgb"
