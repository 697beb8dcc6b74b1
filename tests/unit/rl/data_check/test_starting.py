"""What a check finds unusable is what a strict run refuses and what a run that skips leaves out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rewards.errors import UserError
from rl.config.clips import clip_spec
from rl.config.schema import Config, StageConfig, scorer_entries
from rl.data_check.lengths import trained_positions
from rl.data_check.opening import open_config
from rl.data_check.run import Request, check_data_set
from rl.data_check.summary import Summary
from rl.data_check.uses import Uses
from rl.run.preparation import prepare_data
from rollout.rows.progress import SILENT
from tests.media_zoo import ZOO as MEDIA
from tests.unit.rollout.rows.row_zoo import FILES, REFUSED, USED

GOOD = {"messages": [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "b"}], "task": "fine"}
SILENT_ROW = {"messages": [{"role": "user", "content": "Which?"}], "task": "fine", "answer": "b"}
BROKEN_MEDIA = [exhibit for exhibit in MEDIA if exhibit.refused]
DECODED_ONLY = "moving.webp"
"""Only decoding shows that there is nothing in it."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFECTREE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for exhibit in MEDIA:
        if exhibit.refused or exhibit.name in ("b_frames.mp4", "really_png.mp4"):
            exhibit.make(folder / exhibit.name)
    for name in FILES:
        shutil.copy(folder / ("b_frames.mp4" if name.endswith(".mp4") else "really_png.mp4"), folder / name)
    return folder


def prepared(folder: Path, media: Path, *rows: Any) -> Config:
    """A configuration whose training rows are these and a good one."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, some in {"train": (GOOD, *rows), "val": (GOOD,), "test": (GOOD,)}.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    config = Config()
    config.model.init = "tiny"
    config.data.directory, config.data.media_root = str(folder), str(media)
    config.curriculum.stages = {"one": StageConfig(steps=1, mix={"fine": 1})}
    config.grpo.steps, config.evaluation.rows = 0, {"fine": 1}
    return config


def checked(config: Config, folder: Path) -> Summary:
    opened = open_config(config.data, SILENT)
    request = Request(
        opened=opened,
        entries=tuple(scorer_entries(config)),
        clip=clip_spec(config.data),
        decode=True,
        rejects=folder / "rejects.jsonl",
        checkpoint=None,
        limits=trained_positions,
        uses=Uses.of(config),
    )
    return check_data_set(request, SILENT)


def named(path: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "<video>Which?"}, {"role": "assistant", "content": "b"}], "videos": [path]}


BAD = {
    **{odd.name: odd.row for odd in REFUSED if "conversations" not in odd.row and "prompt" not in odd.row},
    **{exhibit.name: named(exhibit.name) for exhibit in BROKEN_MEDIA},
    "no assistant turn": SILENT_ROW,
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_row_stops_a_strict_run_and_none_that_skips(name: str, tmp_path: Path, media: Path) -> None:
    config = prepared(tmp_path / "data", media, BAD[name])
    summary = checked(config, tmp_path)
    assert (summary.unusable, summary.may_start) == (1, False)
    with pytest.raises(UserError, match="row 2"):
        prepare_data(config)
    config.data.bad_rows = "skip"
    splits = prepare_data(config)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [1, 1, 1]


def test_all_of_them_at_once_are_counted_right(tmp_path: Path, media: Path) -> None:
    usable = [odd.row for odd in USED if "messages" in odd.row]
    config = prepared(tmp_path / "data", media, *BAD.values(), *usable)
    assert checked(config, tmp_path).unusable == len(BAD)
    with pytest.raises(UserError, match=f"{len(BAD) - 1} of"):  # the one without a turn is told when the others are gone
        prepare_data(config)
    config.data.bad_rows = "skip"
    assert len(prepare_data(config).train) == 1 + len(usable)


def test_what_only_decoding_shows_stops_a_run_once_it_was_decoded(tmp_path: Path, media: Path) -> None:
    config = prepared(tmp_path / "data", media, named(DECODED_ONLY))
    assert len(prepare_data(config).train) == 2
    assert not checked(config, tmp_path).may_start
    with pytest.raises(UserError, match="no frames could be decoded"):
        prepare_data(config)
