"""A mix that is read once, pickled, and built once in each process."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from rewards.exported_mix import _built, read_exported_mix
from rewards.plugins.spec import PluginError
from rewards.sample import RewardSample


def test_a_process_builds_a_mix_once_however_often_it_is_unpickled(tmp_path: Path) -> None:
    file = tmp_path / "mix.yaml"
    file.write_text("scorers: {qa: {}}\n")
    mix = read_exported_mix(str(file))
    again = pickle.loads(pickle.dumps(mix))
    assert _built(again) is _built(mix)
    assert [reward.value for reward in again.score([RewardSample("happy", "emotion_single", answer="happy")], None, "")] == [1.0]
    file.write_text("scorers: {qa: {weight: 2}}\n")
    assert _built(read_exported_mix(str(file))) is not _built(mix)


def test_a_scorers_text_is_read_with_the_mix(tmp_path: Path) -> None:
    (tmp_path / "mix.yaml").write_text(f"scorers: {{mine: {{spec: '{tmp_path}/mine.py:mine'}}}}\n")
    with pytest.raises(PluginError, match=r"scorer 'mine': .*mine\.py"):
        read_exported_mix(str(tmp_path / "mix.yaml"))
    (tmp_path / "mine.py").write_text("def mine(sample): return 1.0\n")
    one = read_exported_mix(str(tmp_path / "mix.yaml"))
    (tmp_path / "mine.py").write_text("def mine(sample): return 0.5\n")
    assert read_exported_mix(str(tmp_path / "mix.yaml")) != one
