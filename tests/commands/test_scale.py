"""The benchmark of size, on a small folder: it makes the rows, starts on them and checks them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmark_of_size_prints_its_figures(tmp_path: Path) -> None:
    sizes = ["--rows=600", "--clips=60", "--few=300", "--checked=200", "--repeats=1"]
    command = [sys.executable, "-m", "benchmarks.scale", *sizes, "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["rows"] == [300, 600]
    assert {"start_s_10k", "start_s_2m", "rss_growth_mb", "rows_per_s", "check_rows_per_s"} <= found.keys()
    assert found["rows_per_s"] > 0
    assert found["check_rows_per_s"] > 0
    assert len(list((tmp_path / "600_rows" / "videos").rglob("[0-9]*.mp4"))) == 60
