"""The commands of docs/your-first-scorer.md, as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from rl.record.runs.directory import RunDirectory
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(600)
PAGE = Path(__file__).parents[2] / "docs" / "your-first-scorer.md"


def test_a_researchers_path(tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RAY_ADDRESS": "local"}
    said = []
    for block in blocks:
        done = subprocess.run(["bash", "-euc", block], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{(done.stdout + done.stderr)[-6000:]}"
        said.append(done.stdout + done.stderr)
    assert "is fit for a run" in said[1]
    assert "two roots" in said[2]
    assert "new minus recorded" in said[3]
    (folder,) = (tmp_path / "second").glob("short-*")
    steps = [record["metrics"] for record in RunDirectory(folder).metrics.read() if record["phase"] == "grpo"]
    assert len(steps) == 4
    assert all("reward/parts/broad" in step for step in steps)
    assert any(file.name.startswith("broad") for file in (folder / "sources").rglob("*"))
    assert json.loads((folder / "summary.json").read_text())["stages"]
