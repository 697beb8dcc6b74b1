"""`affectree data check`: what it opens, and what it decodes only when asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from rl.cli import app
from rollout.media import MediaError


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
