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
from tests.media_zoo import ZOO


def test_all_of_a_file_is_decoded_only_when_asked(tmp_path: Path) -> None:
    next(one for one in ZOO if one.name == "damaged.mp4").make(tmp_path / "damaged.mp4")
    row = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["damaged.mp4"], "answer": "b"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    words = ["data", "check", str(tmp_path / "rows.jsonl"), "--rejects", str(tmp_path / "rejects.jsonl")]
    for options, told in (([], False), (["--decode"], True)):
        done = CliRunner().invoke(app, [*words, *options])
        assert done.exit_code == 0
        assert "1 rows, 0 that cannot be used" in done.stdout
        assert ("frames cannot be decoded" in (tmp_path / "rejects.warnings.jsonl").read_text()) == told


def test_what_is_to_be_checked_has_to_be_named_and_a_config_says_how_rows_are_read() -> None:
    nothing = CliRunner().invoke(app, ["data", "check"])
    assert "nothing to check" in str(nothing.exception)
    twice = CliRunner().invoke(app, ["data", "check", "--config", "quickstart", "--media-root", "videos"])
    assert "--config says how rows are read" in str(twice.exception)


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
    format_file = Path(rl.cli.__file__).parents[1] / "examples" / "subtitles_format.py"
    Image.fromarray(np.zeros((40, 40), dtype=np.uint8)).save(tmp_path / "a.png")
    asked = {"clip": ["a.png", "a.png"], "question": "<video>Who smiles?", "reply": "she"}
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{**asked, "task": "emotion"}] * 3))
    words = ["data", "check", str(rows), "--format", f"{format_file}:with_subtitles"]
    assert "3 rows, 0 that cannot be used" in CliRunner().invoke(app, words).stdout
    refused = CliRunner().invoke(app, [*words, "--parameter", "tag=<clip>"])
    assert isinstance(refused.exception, PluginError)
    assert "does not take the parameters tag" in str(refused.exception)
    rows.write_text(json.dumps([{**asked, "question": "<video><video>Who smiles?"}]))
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert f"key `videos`: as {format_file}:with_subtitles reads it, the text asks for 2 video(s)" in refused.stderr
