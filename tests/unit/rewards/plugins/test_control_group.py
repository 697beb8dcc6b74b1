"""A control group where one can be had, and nothing where it cannot."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from rewards.plugins.control_group import end_group, new_group, put_into, remove_group


def test_all_in_a_group_end_at_once() -> None:
    group = new_group()
    if not group:
        pytest.skip("this process may not make a control group")
    shell = subprocess.Popen(["sh", "-c", "read line; setsid sleep 3599 & wait"], stdin=subprocess.PIPE)
    put_into(group, shell.pid)
    assert shell.stdin is not None
    with shell.stdin as stream:
        stream.write(b"go\n")
    members: list[str] = []
    while len(members) < 2:
        members = Path(group, "cgroup.procs").read_text().split()
    end_group(group)
    assert shell.wait(timeout=10) == -signal.SIGKILL
    remove_group(group)
    assert not Path(group).exists()


def test_where_none_can_be_had_all_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "mkdir", closed)
    assert new_group() == ""
    put_into("", 1)
    end_group("")
    remove_group("")
