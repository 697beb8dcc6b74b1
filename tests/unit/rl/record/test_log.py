"""Where the lines of libraries and actors go, and what ends a run."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from actors.logs import LOGS
from rl.record.console import say
from rl.record.log import run_log


def test_standard_error_and_what_ended_the_run_are_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), run_log(tmp_path / "logs") as log:
        os.write(2, b"a line of a library in C\n")
        warnings.warn("a line of a library in Python", stacklevel=1)
        say("a line of ours")
        raise KeyError("what ended it")
    os.write(2, b"afterwards\n")
    text = log.read_text()
    for words in ("a line of a library in C", "a line of ours", "Traceback", "what ended it"):
        assert words in text
    told = capfd.readouterr()
    assert told.err.endswith("afterwards\n")
    assert "library in C" not in told.err
    assert "a line of ours" in told.out


def test_what_an_actors_process_and_its_children_print_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    code = "import os; from actors.logs import keep_output; keep_output('engine 0'); print('one'); os.system('echo two >&2')"
    for _ in range(2):  # a successor's lines follow
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, LOGS: str(tmp_path)}, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"what this process prints goes to {tmp_path / 'engine_0.log'}\n"
    lines = (tmp_path / "engine_0.log").read_text().splitlines()
    assert sorted(line for line in lines if not line.startswith("---")) == ["one", "one", "two", "two"]
    elsewhere = {**os.environ, LOGS: str(tmp_path / "absent")}
    kept = subprocess.run([sys.executable, "-c", code], env=elsewhere, capture_output=True, text=True, check=True)
    assert (kept.stdout, kept.stderr) == ("one\n", "two\n")
