"""The worker's end of the leash: what the watcher tells, and what is done without it."""

from __future__ import annotations

import socket
import subprocess
import time

import psutil
import pytest

from rewards.plugins.leash import Leash


@pytest.fixture(autouse=True)
def no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewards.plugins.leash.new_group", lambda: "")


def watched() -> tuple[Leash, socket.socket]:
    """A leash, and the watcher's end of it."""
    leash = Leash()
    return leash, leash.watchers.dup()


def test_the_end_is_known_once_it_is_told() -> None:
    leash, watcher = watched()
    assert leash.ending() is None
    watcher.sendall(b"123\n")
    assert leash.ending(0.05) is None
    watcher.sendall(b"exit code")
    assert leash.ending(0.05) is None
    watcher.sendall(b" 3\n")
    assert leash.ending(10) == "exit code 3"
    watcher.close()
    leash.let_go()
    leash.let_go()  # a second time does nothing
    assert leash.ending() == "exit code 3"


def test_a_watcher_that_was_killed_is_told() -> None:
    leash, watcher = watched()
    watcher.sendall(b"123\n")
    watcher.close()
    leash.watchers.close()
    assert leash.ending(10) == "its supervisor was killed"
    leash.let_go()


def test_letting_go_is_the_end_of_the_socket_and_waits_for_the_watcher() -> None:
    leash, watcher = watched()
    with subprocess.Popen(["sleep", "0.3"], pass_fds=[watcher.fileno()]) as holder:
        watcher.sendall(b"123\nlet go\n")
        watcher.close()
        leash.let_go()
        assert holder.wait(timeout=10) == 0


def test_a_watcher_that_does_nothing_is_killed_with_all_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewards.plugins.leash._PATIENCE", 0.3)
    leash, watcher = watched()
    idle = subprocess.Popen(["sh", "-c", "sleep 3599 & wait"], pass_fds=[watcher.fileno()])
    deadline = time.monotonic() + 10
    while not (below := psutil.Process(idle.pid).children()) and time.monotonic() < deadline:
        time.sleep(0.01)
    watcher.sendall(f"{idle.pid}\n".encode())
    watcher.close()
    leash.let_go()
    idle.wait(timeout=10)
    assert psutil.wait_procs(below, timeout=10)[1] == []
