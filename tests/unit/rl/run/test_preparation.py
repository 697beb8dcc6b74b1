"""What a run does about its rows before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.load import load_config
from rl.config.schema import Config
from rl.run.preparation import Splits, prepare_data, record_rejects, tokenizer_texts
from rollout.rows.data import open_rows
from rollout.rows.rejects import read_rejects
from rollout.rows.row import RowError

QUICKSTART = Path("configs/quickstart.yaml")


@pytest.fixture
def spoilt(faces: Path, tmp_path: Path) -> Config:
    """A run on drawn faces of which two training rows and a test row cannot be used."""
    (tmp_path / "videos").symlink_to(faces / "videos")
    for split in ("train", "test"):
        lines = (faces / f"{split}.jsonl").read_text().splitlines()
        lines[3] = "{not json"
        if split == "train":
            lines[10] = lines[10].replace("videos/", "videos/absent_")
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    (tmp_path / "val.jsonl").write_text((faces / "val.jsonl").read_text())
    return load_config(QUICKSTART, [f"data.directory={tmp_path}"])


def test_a_strict_run_ends_with_the_rows_of_all_splits_that_cannot_be_used(spoilt: Config) -> None:
    with pytest.raises(RowError) as error:
        prepare_data(spoilt)
    first, *rows, what_to_do = str(error.value).splitlines()
    assert first == "3 of 1280 rows cannot be used:"
    for row, said in zip(
        rows,
        ("train.jsonl, row 4: not JSON (", "train.jsonl, row 11, key `videos`: ", "test.jsonl, row 4: not JSON ("),
        strict=True,
    ):
        assert said in row
    assert "--skip-bad-rows" in what_to_do


def test_a_run_that_skips_bad_rows_says_how_many_and_why_and_writes_them_down(
    spoilt: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt.data.bad_rows = "skip"
    splits = prepare_data(spoilt)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (766, 256, 255)
    told = capsys.readouterr().out
    assert "warning: 3 rows are left out: 2 not JSON (" in told
    assert "1 `videos`: … does not exist" in told
    record_rejects(splits, tmp_path / "rejects.jsonl")
    record_rejects(splits, tmp_path / "rejects.jsonl")
    assert "other rows" not in capsys.readouterr().out
    assert [(Path(one.file).name, one.row) for one in read_rejects(tmp_path / "rejects.jsonl")] == [
        ("train.jsonl", 4),
        ("train.jsonl", 11),
        ("test.jsonl", 4),
    ]


def test_a_resumed_run_says_if_other_rows_are_left_out(
    spoilt: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt.data.bad_rows = "skip"
    record_rejects(prepare_data(spoilt), tmp_path / "rejects.jsonl")
    lines = (tmp_path / "test.jsonl").read_text().splitlines()
    (tmp_path / "test.jsonl").write_text("\n".join([lines[4], *lines[1:3], lines[4], *lines[4:]]))
    capsys.readouterr()
    record_rejects(prepare_data(spoilt), tmp_path / "rejects.jsonl")
    assert "warning: other rows are left out than when the run began" in capsys.readouterr().out
    assert len(read_rejects(tmp_path / "rejects.jsonl")) == 2


def test_nothing_is_written_of_rows_that_can_all_be_used(faces: Path, tmp_path: Path) -> None:
    rows = open_rows(faces / "val.jsonl")
    record_rejects(Splits(rows, rows, rows, rows), tmp_path / "rejects.jsonl")
    record_rejects(Splits(rows, rows, rows), tmp_path / "rejects.jsonl")
    assert not (tmp_path / "rejects.jsonl").exists()


def test_a_tokenizer_is_trained_on_questions_and_replies(faces: Path) -> None:
    rows = open_rows(faces / "val.jsonl")
    assert tokenizer_texts(rows) == [text for row in rows for text in (row.question, row.reference)]
