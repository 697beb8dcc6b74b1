"""`affectree data check` and the run that follows it: broken rows and files stop a strict run and none that skips them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.many_rows import make_rows
from rollout.rows.rejects import read_rejects
from tests.integration.ray_head import BIN
from tests.media_zoo import ZOO as MEDIA
from tests.unit.rollout.rows.row_zoo import REFUSED

pytestmark = pytest.mark.timeout(900)
SETTINGS = (
    "data.faces=null",
    "curriculum.stages.attribute.steps=1",
    "curriculum.stages.expression.steps=0",
    "curriculum.stages.emotion.steps=0",
    "grpo.steps=1",
    "grpo.prompts=4",
    "grpo.group=4",
    "grpo.max_tokens=24",
    "evaluation.every=0",
)
_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "AFFECTREE_CACHE": str(tmp_path / "cache"), "RAY_ADDRESS": "local"}


def affectree(environment: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "affectree"), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def bad_rows(folder: Path) -> list[dict[str, Any]]:
    """Rows of a task that the run tunes on: the broken ones of the row zoo, one for each broken file, and one without a turn."""
    rows = [odd.row for odd in REFUSED if isinstance(odd.row.get("messages"), list)]
    for exhibit in MEDIA:
        if exhibit.refused:
            exhibit.make(folder / exhibit.name)
            turns = [{"role": "user", "content": "<video>Which?"}, {"role": "assistant", "content": "A"}]
            rows.append({"messages": turns, "videos": [exhibit.name]})
    rows.append({"messages": [{"role": "user", "content": "Which?"}], "answer": "A"})
    return [{"task": "attribute_closed", **row} for row in rows]


def test_a_run_over_broken_rows_and_files(faces: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    shutil.copytree(faces, tmp_path / "data")
    bad = bad_rows(tmp_path / "data")
    with (tmp_path / "data" / "train.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in bad)
    words = ("data.directory=data", *SETTINGS)
    rejects, page = tmp_path / "rejects.jsonl", tmp_path / "page.html"
    options = ("--decode", "--rejects", str(rejects), "--html", str(page))
    checked = affectree(environment, tmp_path, "data", "check", "--config", "short", *words, *options)
    assert checked.returncode == 1, checked.stderr
    assert f"{len(bad)} of " in checked.stderr and len(checked.stderr.splitlines()) == 1
    assert len({(one.file, one.row) for one in read_rejects(rejects)}) == len(bad)
    assert f"{len(bad)} that cannot be used" in page.read_text()
    strict = affectree(environment, tmp_path, "train", "short", *words)
    assert strict.returncode == 2, strict.stderr
    assert f"{len(bad) - 1} of " in strict.stderr
    assert not (tmp_path / "runs").exists()
    skipping = affectree(environment, tmp_path, "train", "short", *words, "--skip-bad-rows")
    assert skipping.returncode == 0, (skipping.stdout + skipping.stderr)[-4000:]
    assert f"{len(bad) - 1} rows are left out" in skipping.stdout
    assert "1 rows are left out that stages would tune on" in skipping.stdout
    (run,) = (tmp_path / "runs").glob("short-*")
    assert len(read_rejects(run / "rejects.jsonl")) == len(bad) - 1


def test_the_memory_of_a_check_does_not_grow_with_rows(tmp_path: Path, environment: dict[str, str]) -> None:
    peaks = []
    for rows in (2_000, 60_000):
        folder = make_rows(tmp_path / str(rows), rows, rows // 10)
        words = ("data", "check", "--media-root", str(folder), str(folder / "jsons" / "train"))
        command = [sys.executable, "-c", _PEAK, str(BIN / "affectree"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        status, peak = done.stdout.split()
        assert status == "0", done.stderr
        peaks.append(float(peak))
    few, many = peaks
    assert many < 400
    assert many - few < 60
