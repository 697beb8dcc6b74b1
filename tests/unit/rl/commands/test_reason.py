"""`affectree reason`: what is told before a model is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.commands.reason import reason


def test_what_is_no_clip_is_told(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    (model / "model.safetensors").touch()
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UserError) as told:
        reason(
            [tmp_path, tmp_path / "empty.mp4", tmp_path / "none.mp4"],
            model,
            scorer="agreement",
            max_tokens=None,
            max_model_len=None,
        )
    folder, empty, none = str(told.value).split("; /")
    assert folder == f"{tmp_path}: is a folder; name its clips, such as {tmp_path}/*.mp4"
    assert "is not a readable video" in empty
    assert none.endswith("none.mp4: no such file; check the path")
