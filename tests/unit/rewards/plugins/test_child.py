"""A child process as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import resource
import threading
import time
from pathlib import Path

from rewards.plugins.child import START_TIMEOUT, Child
from rewards.plugins.output import Transcript
from rewards.plugins.sending import pack_samples
from rewards.plugins.spec import ScorerSpec
from tests.unit.rewards.conftest import Marked
from tests.unit.rewards.plugins.conftest import LOUD_SCORERS, ODD_SCORERS
from tests.unit.rewards.plugins.outcomes import samples


def test_a_child_answers_until_its_end() -> None:
    child = Child(ScorerSpec("mine", f"{ODD_SCORERS}:exits"), Transcript())
    ready = child.receive(time.monotonic() + START_TIMEOUT)
    assert ready is not None
    assert (ready["mode"], ready["concurrent"]) == ("sample", False)
    assert child.receive(time.monotonic() + 0.1) is None  # it says nothing unasked
    assert child.alive()
    deadline = time.monotonic() + 10
    assert child.send(pack_samples(1, samples("good", "bad")), deadline) is None
    good, bad = child.receive(deadline), child.receive(deadline)
    assert good == {"request": 1, "index": 0, "value": 1.0, "parts": {}}
    assert bad is not None
    assert bad["error"].startswith("SystemExit: enough")
    child.kill()


def test_a_killed_child_leaves_nothing(marked: Marked) -> None:
    child = Child(ScorerSpec("mine", f"{ODD_SCORERS}:helper"), Transcript())
    child.receive(time.monotonic() + START_TIMEOUT)
    assert marked.at_least(2)  # the watcher and the scorer's process
    child.kill()
    child.kill()  # a second time does nothing
    assert not child.alive()
    assert marked.left() == []
    assert child.receive(time.monotonic() + 10) == {"ended": True}
    assert child.last_words() == "let go"


def test_nobody_is_left_at_a_pipe_whose_number_may_be_anothers_next() -> None:
    """A reader that came late took the next child's first answer, which was then waited for in vain."""
    child = Child(ScorerSpec("mine", f"{ODD_SCORERS}:exits"), Transcript())
    assert child.receive(time.monotonic() + START_TIMEOUT) is not None
    late = child.pipe.recv_bytes
    asked = threading.Event()

    def recv_bytes() -> bytes:
        asked.set()
        time.sleep(0.3)
        return late()

    child.pipe.recv_bytes = recv_bytes  # type: ignore[method-assign]
    assert child.send(pack_samples(1, samples("good")), time.monotonic() + 10) is None
    assert child.receive(time.monotonic() + 10) is not None
    assert asked.wait(10)
    child.kill()
    assert not child.reader.is_alive()
    assert not child.writer.is_alive()


def test_a_worker_may_have_many_files_open() -> None:
    """`select` takes no descriptor above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while opened.enter_context(Path(os.devnull).open()).fileno() < 1100:
            pass
        transcript = Transcript()
        child = Child(ScorerSpec("mine", f"{LOUD_SCORERS}:prints"), transcript)
        assert child.receive(time.monotonic() + START_TIMEOUT) is not None
        assert child.alive()
        child.output.catch_up()
        assert transcript.take() == "printed while loading\n"
        child.kill()
        assert child.last_words().startswith("let go")
