"""A run is trained by one process at a time, whatever happens to that process, its machine or its clock."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rl.record.interrupts import take_signals
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import RunLost, RunOwned, owned, refuse_if_owned
from rl.record.runs.process import Job
from rl.record.runs.terms import TermFile, newest
from tests.unit.rl.record.runs.owners import INTERVAL, copied, other, record

GONE = 2**22 + 1
"""No process has this id, since Linux has none above 2**22."""
ELSEWHERE = {"host": "node17", "machine": "another", "boot": "another"}


def held_here(run: RunDirectory) -> bool:
    """Whether this process is the newest owner and holds the run."""
    found = newest(run.owners, run.path)
    return found is not None and found.term is not None and found.term.process.pid == os.getpid() and not found.term.ended


@contextmanager
def beating(file: TermFile) -> Iterator[None]:
    """A heartbeat of another node, while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(INTERVAL):
            file.beat()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_second_process_is_refused_by_name_and_the_first_goes_on(run: RunDirectory) -> None:
    with other(run, SLURM_JOB_ID="77", SLURM_CLUSTER_NAME="alpha") as first:
        first.own()
        with pytest.raises(RunOwned) as refused, owned(run):
            pass
        told = str(refused.value)
        assert f"{run.path}: is being trained by process {first.pid} on " in told
        assert "Slurm job 77 since 20" in told
        assert "(scancel 77)" in told
        with pytest.raises(RunOwned):
            refuse_if_owned(run)
        first.tell("1")
        assert first.said() == "written"
        first.tell()
        assert first.ended() == 0
    refuse_if_owned(run)
    with owned(run):
        assert held_here(run)


def test_a_process_that_owns_a_run_is_refused_too_when_it_asks_again(run: RunDirectory) -> None:
    with owned(run):
        with pytest.raises(RunOwned), owned(run):
            pass
        assert held_here(run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_is_left_at_an_interrupt(run: RunDirectory, number: signal.Signals) -> None:
    with other(run) as first:
        first.own().signal(number)
        first.ended()
    found = newest(run.owners, run.path)
    assert found is not None and found.term is not None
    assert found.term.ended


def test_a_run_is_left_at_an_error_too(run: RunDirectory) -> None:
    with pytest.raises(ZeroDivisionError), owned(run):
        raise ZeroDivisionError
    assert not held_here(run)
    assert len(list(run.owners.iterdir())) == 1


def test_the_run_of_a_killed_process_is_taken_over_at_once(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    with other(run) as first:
        first.own()
    with owned(run):
        assert held_here(run)
    assert "waiting" not in capsys.readouterr().out


def test_a_process_that_has_the_id_of_a_dead_one_is_not_taken_for_it(run: RunDirectory) -> None:
    record(run, pid=os.getppid(), started=1)
    with owned(run):
        assert held_here(run)


def test_a_process_that_has_ended_and_is_not_waited_for_yet_is_dead(run: RunDirectory) -> None:
    with other(run) as first:
        first.own().signal(signal.SIGKILL)
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
        with owned(run):
            assert held_here(run)


@pytest.mark.parametrize("elsewhere", [ELSEWHERE, {"namespace": 1}], ids=["host", "container"])
def test_an_owner_elsewhere_that_gives_signs_of_life_is_refused(
    run: RunDirectory, elsewhere: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = record(run, pid=GONE, **elsewhere)
    with beating(file), pytest.raises(RunOwned, match=f"process {GONE} on "), owned(run):
        pass
    assert f"for a sign of life of process {GONE} on {file.term.process.host}" in capsys.readouterr().out


@pytest.mark.parametrize("elsewhere", [ELSEWHERE, {"namespace": 1}, {"boot": "another", "machine": ""}])
def test_an_owner_elsewhere_that_gives_none_is_taken_over(
    run: RunDirectory, elsewhere: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    record(run, **elsewhere)
    with owned(run):
        assert held_here(run)
    assert "waiting up to" in capsys.readouterr().out


def test_an_owner_of_before_a_reboot_is_dead(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "machine-id").write_text("this machine\n")
    monkeypatch.setattr("rl.record.runs.process._MACHINE", tmp_path / "machine-id")
    record(run, interval=1e6, boot="before")
    with owned(run):
        assert held_here(run)
    assert "waiting" not in capsys.readouterr().out


def test_a_requeued_job_goes_on_at_once_and_a_second_step_of_the_job_does_not(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(run, interval=1e6, jobs=(Job("Slurm", "77", "alpha", 1),), **ELSEWHERE)
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "alpha")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    with owned(run):
        assert held_here(run)
    file = record(run, jobs=(Job("Slurm", "77", "alpha", 2),), **ELSEWHERE)
    with beating(file), pytest.raises(RunOwned), owned(run):
        pass


def test_of_several_that_take_over_from_a_dead_owner_one_wins(run: RunDirectory) -> None:
    for _ in range(3):
        record(run, pid=GONE)
        with ExitStack() as started:
            contenders = [started.enter_context(other(run)) for _ in range(6)]
            for one in contenders:
                one.tell()
            said = [one.said().partition(" ")[0] for one in contenders]
        assert sorted(said) == ["RunOwned"] * 5 + ["owned"]


def test_contenders_that_have_all_looked_at_a_dead_owner_do_not_take_the_run_from_each_other(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rl.record.runs import owner

    record(run, pid=GONE)
    looked = owner._wait_until_free
    with other(run) as faster:

        def slowly(directory: RunDirectory) -> int:
            number = looked(directory)
            faster.own()
            monkeypatch.setattr(owner, "_wait_until_free", looked)
            return number

        monkeypatch.setattr(owner, "_wait_until_free", slowly)
        with pytest.raises(RunOwned, match=f"process {faster.pid} on"), owned(run):
            pass
        faster.tell("1")
        assert faster.said() == "written"


def test_a_contender_that_sees_an_old_list_of_the_folder_gives_way(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    from rl.record.runs import owner

    record(run, pid=GONE)
    looked = owner._wait_until_free
    with other(run) as later:

        def slowly(directory: RunDirectory) -> int:
            number = looked(directory)
            record(run, pid=GONE)
            later.own()  # who removes the files of both before it, so that the next number seems free
            monkeypatch.setattr(owner, "_wait_until_free", looked)
            return number

        monkeypatch.setattr(owner, "_wait_until_free", slowly)
        with pytest.raises(RunOwned, match=f"process {later.pid} on"), owned(run):
            pass
        later.tell("1")
        assert later.said() == "written"
    assert [file.name for file in run.owners.iterdir()] == ["000003.json"]


def test_a_suspended_owner_whose_run_was_taken_over_ends_by_name_and_writes_nothing(run: RunDirectory) -> None:
    with other(run, interval=1e6) as first:
        first.own().tell("1")
        assert first.said() == "written"
        first.signal(signal.SIGSTOP)
        record(run, **ELSEWHERE)
        before = run.metrics.path.read_text()
        first.signal(signal.SIGCONT)
        first.tell("2")
        said = first.said()
        assert said.startswith("RunLost")
        assert "was taken over by process" in said
        assert "on node17" in said
        assert first.ended() == 2
    assert run.metrics.path.read_text() == before
    found = newest(run.owners, run.path)
    assert found is not None and found.term is not None
    assert (found.term.process.host, found.term.ended) == ("node17", False)


def test_an_owner_that_writes_nothing_learns_by_its_heartbeat_that_the_run_was_taken_over(run: RunDirectory) -> None:
    with other(run) as first:
        first.own()
        record(run, **ELSEWHERE)
        assert first.said().startswith("RunLost")
        assert first.ended() == 2


def test_nothing_of_a_lost_run_is_written(run: RunDirectory) -> None:
    from rl.record.files import remove_folder, write_atomically, write_folder
    from rl.record.runs.progress import Progress

    writes = (
        lambda: run.metrics.append({"phase": "grpo", "step": 1, "metrics": {}}),
        lambda: run.remember(a=1),
        lambda: run.checkpoints.save(Progress(), lambda folder: None, keep=1),
        lambda: write_folder(run.model, Path.mkdir),
        lambda: write_atomically(run.summary_file, "{}"),
        lambda: remove_folder(run.rollouts),
        lambda: run.forget_after(Progress()),
    )
    files = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(RunLost), owned(run, interval=1e6):
        record(run, **ELSEWHERE)
        for write in writes:
            with pytest.raises(RunLost):
                write()
        raise KeyError("any error that a loss ends in")
    assert sorted(path.name for path in run.path.iterdir()) == sorted([*files, "owner"])


def test_what_is_written_for_long_is_not_given_its_name_when_the_run_was_lost_meanwhile(run: RunDirectory) -> None:
    from rl.record.files import write_folder

    def write(folder: Path) -> None:
        folder.mkdir()
        record(run, **ELSEWHERE)

    with pytest.raises(RunLost), owned(run, interval=1e6):
        write_folder(run.model, write)
    assert not list(run.path.glob("*model*"))


def test_a_run_whose_folder_is_gone_is_lost(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(RunLost, match="was moved or removed"), owned(run, interval=1e6):
        run.path.rename(tmp_path / "moved")
        run.metrics.append({"phase": "grpo", "step": 1, "metrics": {}})


@pytest.mark.usefixtures("signals")
def test_a_heartbeat_that_cannot_be_written_is_told_once_and_tried_again(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_signals()
    beat, tries, again = TermFile.beat, [], threading.Event()

    def faulty(file: TermFile) -> None:
        tries.append(file)
        if len(tries) <= 3:
            raise OSError(5, "Input/output error")
        beat(file)
        again.set()

    monkeypatch.setattr(TermFile, "beat", faulty)
    with owned(run, INTERVAL):
        assert again.wait(60)
    told = capsys.readouterr().out
    assert told.count("no sign of life can be written (Input/output error)") == 1
    assert told.count("signs of life are written again") == 1


@pytest.mark.usefixtures("signals")
def test_a_heartbeat_that_dies_takes_the_run_down(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: TermFile) -> None:
        raise ZeroDivisionError("the heartbeat is broken")

    take_signals()
    monkeypatch.setattr(TermFile, "beat", broken)
    with pytest.raises(ZeroDivisionError, match="the heartbeat is broken"), owned(run, INTERVAL):
        threading.Event().wait(60)


def test_the_copy_of_a_run_is_free_while_that_is_trained_and_a_renamed_run_is_not(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with other(run) as first:
        first.own()
        with owned(copied(run, tmp_path / "copy")):
            assert "waiting" in capsys.readouterr().out
        run.path.rename(tmp_path / "renamed")
        with pytest.raises(RunOwned), owned(RunDirectory(tmp_path / "renamed")):
            pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"process": 1}', '{"process": {"jobs": 3}}'])
def test_a_damaged_file_of_an_owner_that_does_not_change_is_taken_over(
    run: RunDirectory, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.record.runs.owner.INTERVAL", INTERVAL)
    run.owners.mkdir()
    (run.owners / "000001.json").write_text(text)
    with owned(run):
        assert held_here(run)


def test_the_file_of_an_owner_is_json_of_one_length_with_the_mode_of_any_other(run: RunDirectory) -> None:
    before = os.umask(0o027)
    try:
        file = record(run, **ELSEWHERE)
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o640
    sizes = set()
    for _ in range(12):
        file.beat()
        sizes.add(file.path.stat().st_size)
    assert json.loads(file.path.read_text())["heartbeat"] == 12
    file.end()
    assert {file.path.stat().st_size} == sizes


def test_runs_are_owned_where_there_are_no_links(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with owned(run):
        assert held_here(run)
        with pytest.raises(RunOwned), owned(run):
            pass
    assert record(run, **ELSEWHERE).path.name == "000002.json"


def test_a_link_that_a_server_made_and_denied_counts(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def twice(*paths: Path) -> None:
        link(*paths)
        link(*paths)

    monkeypatch.setattr(os, "link", twice)
    with owned(run):
        assert held_here(run)
