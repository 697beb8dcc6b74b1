"""`affectree`: what `data check` decodes, rows in other formats, a reader that goes away, systems that are not Linux."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

import rl.cli
from rewards.plugins.spec import PluginError
from rl.cli import app
from rollout.media import MediaError
from rollout.rows import RowError


def test_files_are_decoded_only_when_asked(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 40), 3000, dtype=np.uint16)).save(tmp_path / "deep.png")  # opens, but has no known range
    row = {"messages": [{"role": "user", "content": "<image>what?"}], "images": ["deep.png"], "task": "qa"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    plain = CliRunner().invoke(app, ["data", "check", str(tmp_path / "rows.jsonl")])
    assert plain.exit_code == 0
    assert "qa: 1 rows" in plain.output
    decoded = CliRunner().invoke(app, ["data", "check", str(tmp_path / "rows.jsonl"), "--decode"])
    assert isinstance(decoded.exception, MediaError)
    assert "deep.png" in str(decoded.exception)


def test_nothing_is_said_to_a_reader_that_has_gone_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [str(Path(sys.executable).parent / "affectree"), "--help"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_windows_is_told_in_one_line() -> None:
    words = [sys.executable, "-c", "import sys, typer, rich.progress; sys.platform = 'win32'; import rl.cli"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: affectree needs Linux; use WSL 2 or a container\n")


def test_rows_in_a_format_of_ones_own_are_checked(tmp_path: Path) -> None:
    format_file = Path(rl.cli.__file__).parents[1] / "examples" / "sharegpt_format.py"
    talk = [{"from": "human", "value": "<image>Who smiles?"}, {"from": "gpt", "value": "she"}]
    Image.fromarray(np.zeros((40, 40), dtype=np.uint8)).save(tmp_path / "a.png")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{"image": "a.png", "conversations": talk, "task": "emotion"}] * 3))
    words = ["data", "check", str(rows), "--format", f"{format_file}:sharegpt"]
    assert "emotion: 3 rows" in CliRunner().invoke(app, words).output
    refused = CliRunner().invoke(app, [*words, "--parameter", "tag=<clip>"])
    assert isinstance(refused.exception, PluginError)
    assert "does not take the parameters tag" in str(refused.exception)
    rows.write_text(json.dumps([{"image": None, "conversations": talk}]))
    refused = CliRunner().invoke(app, words)
    assert isinstance(refused.exception, RowError)
    assert f"row 1 as {format_file}:sharegpt reads it, key `images`: the text asks for 1 image(s)" in str(refused.exception)
