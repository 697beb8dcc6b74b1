"""Jobs that are done beside a run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from rl.record.background import BackgroundWriter
from rl.record.interrupts import Interrupted


def test_jobs_are_done_in_their_order_and_all_before_the_end() -> None:
    done: list[int] = []
    with BackgroundWriter(most=2) as writer:
        for number in range(20):
            writer.put("numbers", lambda number=number: done.append(number))
        writer.flush()
        assert done == list(range(20))
        writer.put("numbers", lambda: (time.sleep(0.05), done.append(20)))
    assert done == list(range(21))


def test_whoever_comes_with_a_job_too_many_waits() -> None:
    go, done = threading.Event(), list[str]()
    with BackgroundWriter(most=2) as writer:
        writer.put("first", go.wait)
        writer.put("second", lambda: done.append("second"))
        third = threading.Thread(target=lambda: writer.put("third", lambda: done.append("third")))
        third.start()
        third.join(0.1)
        assert third.is_alive() and not done
        go.set()
        third.join()
    assert done == ["second", "third"]


def test_an_error_is_given_to_whoever_comes_next_with_what_was_written(tmp_path: Path) -> None:
    writer, done = BackgroundWriter(), list[int]()
    writer.put("step 7's rollouts", lambda: (tmp_path / "no folder" / "file").write_text(""))
    writer.put("what comes after", lambda: done.append(1))
    for again in (writer.flush, lambda: writer.put("more", lambda: done.append(2)), writer.flush):
        with pytest.raises(FileNotFoundError) as caught:
            again()
        assert caught.value.__notes__ == ["while writing step 7's rollouts"]
    assert done == []


def test_an_error_of_the_run_is_not_lost_behind_one_of_the_writer() -> None:
    with pytest.raises(ValueError, match="the run's own"), BackgroundWriter() as writer:
        writer.put("a file", lambda: [].pop())
        raise ValueError("the run's own")


def test_what_a_run_that_failed_has_done_is_written_and_one_that_was_interrupted_does_not_wait_for_it() -> None:
    for error, found in ((ValueError(), ["first", "second"]), (Interrupted(15), ["first"])):
        go, done = threading.Event(), list[str]()
        with pytest.raises(type(error)), BackgroundWriter() as writer:
            writer.put("first", lambda go=go, done=done: (go.wait(), done.append("first")))
            writer.put("second", lambda done=done: done.append("second"))
            threading.Timer(0.05, go.set).start()
            raise error
        assert done == found
