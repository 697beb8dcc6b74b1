"""The data that a run is to read or to draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.schema import Config
from rl.doctor import rows
from tests.unit.rl.doctor.common import verdicts


def test_data_that_is_to_be_drawn_needs_an_empty_place(config: Config, tmp_path: Path) -> None:
    assert verdicts(rows.data(config)) == ["ok"]
    (tmp_path / "data").mkdir()
    assert verdicts(rows.data(config)) == ["ok"]
    (tmp_path / "data" / "videos").mkdir()
    (found,) = rows.data(config)
    assert found.verdict == "fault"
    assert "holds videos, but no train.jsonl" in found.found
    (tmp_path / "data" / "videos").rmdir()
    (tmp_path / "data").rmdir()
    (tmp_path / "data").touch()
    assert "is a file" in rows.data(config)[0].found


def test_drawn_data_is_looked_at_in_both_depths(config: Config, faces: Path) -> None:
    config.data.directory = str(faces)
    config.grpo.mix = {"rationale": 1.0}
    assert verdicts(rows.data(config)) == ["ok"] * 3
    found = rows.data(config, in_full=True)
    assert verdicts(found) == ["ok"] * 3
    assert "768 rows" in found[0].found
    config.grpo.mix = {"poetry": 1.0}
    assert verdicts(rows.data(config)) == ["ok"] * 3
    assert verdicts(rows.data(config, in_full=True)) == ["fault", "ok", "ok"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "holds no val.jsonl, val.json or val.parquet"),
        ("", "is empty"),
        ("{not json", "row 1: not JSON"),
        ('{"text": "x"}', "canonical rows need a column `messages`, found text"),
        ('{"messages": [{"role": "user", "content": "?"}], "videos": ["clips/a.mp4"]}', "clips/a.mp4 does not exist"),
    ],
)
def test_a_split_that_cannot_be_used_is_a_fault(config: Config, tmp_path: Path, text: str | None, said: str) -> None:
    for split in rows.SPLITS:
        (tmp_path / f"{split}.jsonl").write_text('{"messages": [{"role": "user", "content": "?"}]}\n')
    config.data.directory, config.data.holdout = str(tmp_path), 0.0
    assert verdicts(rows.data(config)) == ["ok"] * 3
    (tmp_path / "val.jsonl").unlink() if text is None else (tmp_path / "val.jsonl").write_text(text)
    found = rows.data(config)
    assert verdicts(found) == ["ok", "fault", "ok"]
    assert said in str(found[1])
    config.data.bad_rows = "skip"
    assert verdicts(rows.data(config)) == ["ok", "fault" if text is None else "ok", "ok"]


def test_a_split_that_is_not_there_may_be_held_out(config: Config, faces: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_bytes((faces / f"{split}.jsonl").read_bytes())
    (tmp_path / "videos").symlink_to(faces / "videos")
    config.data.directory, config.grpo.mix = str(tmp_path), {"rationale": 1.0}
    found = rows.data(config)
    assert verdicts(found) == ["ok"] * 3
    assert "0.01 of the training clips are held out" in found[1].found
    assert [one.found.rpartition("/")[2].partition(" (")[0] for one in rows.data(config, in_full=True)] == [
        "train.jsonl: 704 rows",
        "train.jsonl, held out as val: 64 rows",
        "test.jsonl: 256 rows",
    ]


def test_rows_in_a_format_of_ones_own_are_looked_at_as_it_reads_them(config: Config, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def read(row): return {'messages': [{'role': 'user', 'content': row['text']}], 'videos': row['clips']}"
    )
    for split in rows.SPLITS:
        (tmp_path / f"{split}.jsonl").write_text('{"text": "?", "clips": []}\n')
    config.data.directory, config.data.format = str(tmp_path), f"{tmp_path}/mine.py:read"
    assert verdicts(rows.data(config)) == ["ok"] * 3
    config.grpo.mix, config.curriculum.stages = {"qa": 1.0}, {}
    assert verdicts(rows.data(config, in_full=True)) == ["ok"] * 3
    (tmp_path / "train.jsonl").write_text('{"text": "<video>?", "clips": ["a.mp4"]}\n')
    (tmp_path / "val.jsonl").write_text('{"said": "?"}\n')
    train, val, test = rows.data(config)
    assert (train.verdict, val.verdict, test.verdict) == ("fault", "fault", "ok")
    assert "train.jsonl, row 1: " in train.found
    assert "a.mp4 does not exist" in train.found
    assert "val.jsonl, row 1: the format " in val.found
    assert "failed (KeyError in line 1: 'text')" in val.found
