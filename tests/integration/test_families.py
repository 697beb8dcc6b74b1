"""Qwen3-VL on real engines and learners, about every kind of media. Qwen2.5-VL is in test_engines.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config_loading import load_config
from rl.preparation import Splits
from rl.run_directory import RunDirectory
from rl.team import launch
from rollout.rows import open_rows
from tests.integration.agreement import assert_media_agree
from tests.integration.conftest import QUICKSTART, small_settings

pytestmark = pytest.mark.timeout(400)


def test_qwen3_vl_sees_the_same_media_in_engine_and_learner(cluster: None, faces: Path, media_rows: Path, tmp_path: Path) -> None:
    config = load_config(QUICKSTART, small_settings(faces, tmp_path, "model.tiny.family=qwen3_vl"))
    rows = open_rows(media_rows)
    with launch(config, RunDirectory.create(config), Splits(open_rows(faces / "train.jsonl"), rows, rows)) as team:
        team.learners.tune(list(range(8)), learning_rate=1e-2)  # away from a random model's even distribution
        team.load(1)
        assert_media_agree(team, rows)
