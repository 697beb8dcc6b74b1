"""Where the lines of actors go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from actors.logs import LOGS


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
