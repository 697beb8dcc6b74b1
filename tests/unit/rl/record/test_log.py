"""The log of a run."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

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
