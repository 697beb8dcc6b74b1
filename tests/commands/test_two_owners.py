"""A run under way, a second process that wants to go on with it, a kill, and a third that takes over."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rl.record.runs.directory import RunDirectory
from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
STEPS = 24
AFFECTREE = str(BIN / "affectree")
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RAY_ADDRESS": "local"}


def test_a_second_process_is_refused_and_a_killed_ones_run_taken_over(faces: Path, tmp_path: Path) -> None:
    settings = (f"grpo.steps={STEPS}", "checkpoints.every=2", "evaluation.every=0", "evaluation.reasoning=null")
    words = [AFFECTREE, "train", str(QUICKSTART), *small_settings(faces, tmp_path / "runs", *settings)]
    output = tmp_path / "first.log"
    with output.open("w") as log:
        first = subprocess.Popen(words, env=ENVIRONMENT, stdout=log, stderr=log)
    try:
        wait_until(lambda: bool(steps(tmp_path)), first, output)
        (folder,) = (tmp_path / "runs").glob("quickstart-*")
        refused = resume(folder)
        assert refused.returncode == 2, refused.stderr
        (line,) = refused.stderr.splitlines()
        assert line.startswith(f"error: {folder}: is being trained by process {first.pid} on ")
        assert refused.stdout == ""
        before = len(steps(tmp_path))
        wait_until(lambda: len(steps(tmp_path)) > before, first, output)
    finally:
        first.kill()  # SIGKILL: nothing is tidied up
        first.wait()
    assert len(steps(tmp_path)) < STEPS, "the run ended before it could be killed"
    finished = resume(folder)
    assert finished.returncode == 0, finished.stderr
    assert "going on after grpo step" in finished.stdout
    assert "sign of life" not in finished.stdout  # taken over at once
    assert steps(tmp_path) == list(range(1, STEPS + 1))
    records = RunDirectory(folder).metrics.read()
    assert [record["stage"] for record in records if record["phase"] == "evaluate"] == ["init", "tuned", "grpo"]
    assert (folder / "model" / "config.json").is_file()
    assert not list(folder.rglob("*.partial"))
    mask = os.umask(0)
    os.umask(mask)
    modes = {str(place.relative_to(folder)): place.stat().st_mode & 0o777 for place in folder.rglob("*")}
    asked = {name: (0o777 if (folder / name).is_dir() else 0o666) & ~mask for name in modes}
    assert {name: oct(mode) for name, mode in modes.items() if mode != asked[name]} == {}


def resume(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [AFFECTREE, "train", "--resume", str(folder)]
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def steps(place: Path) -> list[int]:
    """The GRPO steps that have a line."""
    files = list((place / "runs").glob("quickstart-*/metrics.jsonl"))
    return [one["step"] for file in files for one in RunDirectory(file.parent).metrics.read() if one["phase"] == "grpo"]


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], output: Path) -> None:
    while not is_so():
        assert process.poll() is None, output.read_text()[-4000:]
        time.sleep(0.2)
