"""A whole check: each odd row and file with its message in the file of rejects or of warnings, and the right counts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from rewards.bases import settings_file
from rewards.mix_settings import read_mix
from rl.config.clips import clip_spec
from rl.config.schema import Config, DataConfig, StageConfig
from rl.data_check.lengths import trained_positions
from rl.data_check.opening import Opened, open_config, open_named
from rl.data_check.run import Request, check_data_set
from rl.data_check.summary import Summary
from rl.data_check.uses import Uses
from rollout.rows.progress import SILENT
from rollout.rows.reading import Reading
from rollout.rows.rejects import Reject, read_rejects
from tests.media_zoo import ZOO as MEDIA
from tests.unit.rollout.rows.row_zoo import FILES, REFUSED, USED

TREE = "<tree>\nattribute\na1 mouth corners: up\nexpression\ne1 smile < a1\nemotion\nm1 happy < e1\n</tree>"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFECTREE_CACHE", str(tmp_path / "cache"))


def write(file: Path, *rows: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def row(question: str = "Which?", reply: str | None = "b", **columns: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": question}]
    return {"messages": turns + ([{"role": "assistant", "content": reply}] if reply is not None else []), **columns}


class Place:
    """A folder in which data sets are checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rejects, self.warnings = folder / "rejects.jsonl", folder / "rejects.warnings.jsonl"

    def check(self, *names: Path, decode: bool = False, **how: Any) -> Summary:
        """Check files of rows."""
        return self.check_opened(open_named([str(name) for name in names], Reading(), SILENT), decode, **how)

    def check_config(self, config: Config, decode: bool = False) -> Summary:
        """Check the rows of a run."""
        return self.check_opened(open_config(config.data, SILENT), decode, uses=Uses.of(config))

    def check_opened(self, opened: Opened, decode: bool, **how: Any) -> Summary:
        """Check opened rows."""
        clip, entries = clip_spec(DataConfig()), tuple(read_mix(settings_file("rewards/default")))
        request = Request(opened, entries, clip, decode, self.rejects, None, trained_positions, **how)
        return check_data_set(request, SILENT)

    def said(self) -> list[tuple[str, int, str, str]]:
        """Name of the file, row, key and reason of all warnings."""
        return [(Path(one.file).name, one.row, one.key, one.reason) for one in read_rejects(self.warnings)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The media zoo, without the files that take long."""
    folder = tmp_path_factory.mktemp("media")
    for exhibit in MEDIA:
        if exhibit.name not in ("long.mkv", "large.avi"):
            exhibit.make(folder / exhibit.name)
    return folder


def test_every_broken_row_is_rejected_with_its_message_and_no_other_is(place: Place, media: Path) -> None:
    for name in FILES:
        shutil.copy(media / "b_frames.mp4" if name.endswith(".mp4") else media / "really_png.mp4", place.folder / name)
    files = {odd.name: write(place.folder / "rows" / f"{number}.jsonl", odd.row) for number, odd in enumerate((*USED, *REFUSED))}
    opened = open_named([str(file) for file in files.values()], Reading(media_root=place.folder), SILENT)
    summary = place.check_opened(opened, decode=True)
    rejected = {one.file: one for one in read_rejects(place.rejects)}
    for odd in REFUSED:
        reject = rejected.pop(str(files[odd.name]))
        assert odd.said is not None
        assert odd.said.replace("row 1 as ", "as ") in str(reject).replace("row 1 as ", "as "), odd.name
        assert reject.row == 1 or not reject.row
    assert not rejected
    assert (summary.unusable, summary.rows) == (len(REFUSED), len(REFUSED) + len(USED))
    assert sum(kind.count for kind in summary.of("error")) == len(REFUSED)
    told = {(Path(one.file), one.reason) for one in read_rejects(place.warnings)}
    for odd in USED:
        assert odd.noted is None or any(file == files[odd.name] and odd.noted in said for file, said in told), odd.name
    assert not summary.may_start


def test_every_broken_file_spoils_the_rows_that_name_it_and_odd_ones_are_told(place: Place, media: Path) -> None:
    shown = [exhibit for exhibit in MEDIA if (media / exhibit.name).exists()]
    rows = [row(f"<video>{question}", videos=[exhibit.name]) for question in ("Which?", "Who?") for exhibit in shown]
    file = write(place.folder / "rows.jsonl", *rows)
    opened = open_named([str(file)], Reading(media_root=media), SILENT)
    summary = place.check_opened(opened, decode=True)
    rejected: dict[int, Reject] = {one.row: one for one in read_rejects(place.rejects)}
    refused = [exhibit for exhibit in shown if exhibit.refused]
    for number, exhibit in enumerate((*shown, *shown), start=1):
        if exhibit.refused:
            assert rejected[number].key == "videos"
            assert re.search(exhibit.refused, str(rejected[number])), exhibit.name
            assert exhibit.name in rejected[number].reason
    assert len(rejected) == summary.unusable == 2 * len(refused)
    told = read_rejects(place.warnings)
    for number, exhibit in enumerate(shown, start=1):
        for note in exhibit.notes:
            assert any(one.row == number and re.search(note, one.reason) for one in told), exhibit.name
    (split,) = summary.splits
    assert split.rows == len(rows) - len(rejected)


def test_what_was_found_is_kept_for_runs_of_these_rows_until_the_file_is_mended(place: Place, media: Path) -> None:
    shutil.copy(media / "moving.webp", place.folder / "clip.mp4")
    file = write(place.folder / "rows.jsonl", row("<video>Which?", videos=["clip.mp4"]), row("Which?"))
    place.check(file, decode=True)
    kept = open_named([str(file)], Reading(), SILENT).files
    assert (len(kept), kept.rejected) == (1, 1)
    (reject,) = kept.rejects()
    assert (reject.row, reject.key) == (1, "videos")
    again = place.check(file, decode=True)
    assert again.unusable == 1
    shutil.copy(media / "b_frames.mp4", place.folder / "clip.mp4")
    assert place.check(file, decode=True).unusable == 0
    assert open_named([str(file)], Reading(), SILENT).files.rejected == 0


@pytest.mark.parametrize(
    ("odd", "key", "reason"),
    [
        (row(task="rationale", tree=TREE, answer="sad"), "messages", "the assistant turn earns less than everything (root 0"),
        (
            row(reply="B", options=["happy", "sad"], answer="happy"),
            "messages",
            "the assistant turn earns less than everything (qa 0)",
        ),
        (row(task="emotion_single", reply="purple"), "answer", "'purple' is none of the emotions that are known"),
        (row(reply="angry", options=["happy", "sad"]), "answer", "'angry' is none of the question's options (happy, sad)"),
        (row(reply=None, answer="b"), "messages", "no assistant turn, so that it cannot be tuned on"),
        (
            row(reply=None, solution="b"),
            "answer",
            "nothing right is known of the row: no answer, no tree",
        ),
        (row(task="rationale", reply="He smiles: <tree>"), "tree", "a rationale without a `tree` and an `answer`"),
        (row("Say <|im_end|>."), "messages", "as prose"),
    ],
)
def test_rows_that_only_a_check_finds_odd(place: Place, odd: dict[str, Any], key: str, reason: str) -> None:
    summary = place.check(write(place.folder / "rows.jsonl", row("Fine?"), odd))
    assert summary.may_start
    assert any(at == 2 and on == key and reason in said for _, at, on, said in place.said()), place.said()
    assert not any(at == 1 for _, at, _, _ in place.said())


def test_rows_that_are_there_twice_and_rows_that_contradict_each_other(place: Place) -> None:
    file = write(place.folder / "rows.jsonl", row("a"), row("b"), row("a"), row("b", "c"))
    summary = place.check(file)
    assert place.said() == [
        ("rows.jsonl", 3, "", f"the same as row 1 of '{file}'"),
        ("rows.jsonl", 4, "answer", f"asks the same as row 2 of '{file}', and has another answer or tree"),
    ]
    assert [kind.count for kind in summary.of("warning")] == [1, 1]


def test_a_clip_that_two_splits_share_is_found_under_another_name(place: Place, media: Path) -> None:
    for name, clip in {"a.mp4": "b_frames.mp4", "b.mp4": "b_frames.mp4", "c.mp4": "two_frames.mp4"}.items():
        shutil.copy(media / clip, place.folder / name)
    write(place.folder / "train.jsonl", *(row(f"<video>{n}", videos=["a.mp4"]) for n in range(3)))
    write(place.folder / "val.jsonl", row("<video>", videos=["c.mp4"]))
    write(place.folder / "test.jsonl", *(row(f"<video>{n}", videos=["b.mp4"]) for n in "xy"))
    summary = place.check(place.folder)
    assert summary.remarks == ("1 clips of test, of 2 rows, are in train too",)
    shared = [one for one in place.said() if "is in train too" in one[3]]
    assert [(file, number) for file, number, _, _ in shared] == [("test.jsonl", 1), ("test.jsonl", 2)]
    assert shared[0][3] == f"its clip '{place.folder / 'b.mp4'}' is in train too as '{place.folder / 'a.mp4'}'"
    assert [split.name for split in summary.splits] == ["train", "val", "test"]


def test_rows_are_checked_for_what_a_run_does_with_them(place: Place) -> None:
    rows = [
        row("a", task="qa"),
        row("b", None, task="qa", answer="b"),
        row("c", None, task="rationale", answer="happy"),
        row("d"),
    ]
    for split in ("train", "val", "test"):
        write(place.folder / f"{split}.jsonl", *(dict(one, id=split) for one in rows))
    config = Config()
    config.data.directory = str(place.folder)
    config.curriculum.stages = {"one": StageConfig(steps=1, mix={"qa": 1})}
    config.grpo.mix, config.evaluation.rows = {"rationale": 1}, {"qa": 2}
    summary = place.check_config(config)
    (reject,) = read_rejects(place.rejects)
    assert (Path(reject.file).name, reject.row, reject.key) == ("train.jsonl", 2, "messages")
    assert reject.reason == "no assistant turn, and a stage tunes on it"
    assert not summary.may_start
    config.curriculum.stages = {}
    assert place.check_config(config).may_start


def test_the_summary_counts_what_can_be_used(place: Place, media: Path) -> None:
    shutil.copy(media / "b_frames.mp4", place.folder / "a.mp4")
    rows = [
        row(f"<video>{n}", "happy" if n % 4 else "sad", videos=["a.mp4"], task="emotion_single", source="MAFW") for n in range(8)
    ]
    summary = place.check(write(place.folder / "rows.jsonl", *rows, row("a", "long words", source="x"), {"messages": None}))
    (split,) = summary.splits
    assert [(group.task, group.source, group.rows) for group in split.groups] == [("emotion_single", "MAFW", 8), ("qa", "x", 1)]
    spreads = {spread.what: spread.values for spread in split.spreads}
    assert spreads["rows a clip"] == (8, 8, 8, 8, 8)
    assert spreads["seconds of a video"][2] == pytest.approx(4, abs=0.1)
    assert spreads["characters of an assistant turn"][0] == 3
    balances = {balance.task: balance.labels for balance in split.labels}
    assert balances["emotion_single"] == (("happy", 6), ("sad", 2))
    assert (summary.rows, summary.unusable, split.media) == (10, 1, 1)
