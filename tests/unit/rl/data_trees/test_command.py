"""`affectree data trees`: what it writes, what it leaves out and why, and that it goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewards.errors import UserError
from rl.commands.data_trees import trees
from rl.data_trees import work
from rollout.faces.dataset import encode_video
from rollout.rows.data import open_rows
from tests.unit.rewards.scorers.endpoint_server import EndpointServer

ASKED = "Which emotion is it? (A) Happiness (B) Sadness (C) Fear"
TEXTS = {
    "agrees": ("A", "A man with a beard smiles. He looks happy."),
    "disagrees": ("B", "A man with a beard smiles. He looks happy."),
    "no emotion": ("?", "A man with a beard smiles."),
    "not known": ("?", "A woman with red hair frowns. She is angry."),
}


def rows_file(folder: Path, copies: int = 1) -> Path:
    def row(name: str, answer: str, text: str) -> dict:
        turns = [("user", f"<video>.{ASKED}"), ("assistant", answer), ("user", "Please analyze why."), ("assistant", text)]
        messages = [{"role": role, "content": content} for role, content in turns]
        return {"id": name, "messages": messages, "videos": ["videos/1.mp4"], "task": "rationale_text", "source": "MAFW"}

    bad = {"messages": [], "id": "bad"}
    other = {"messages": [{"role": "user", "content": "Hello"}], "task": "qa"}
    rows = [other, bad, *(row(name, *one) for _ in range(copies) for name, one in TEXTS.items())]
    if not (clip := folder / "videos" / "1.mp4").exists():
        clip.parent.mkdir()
        encode_video(clip, np.zeros((4, 56, 56, 3), np.uint8), 4)
    file = folder / "rows.json"
    file.write_text(json.dumps(rows))
    return file


def ids(file: Path) -> list[str]:
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


def rejects(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_rationales_that_can_be_read_become_rows_and_the_others_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trees.jsonl"
    trees(str(rows_file(tmp_path)), out)
    said = capsys.readouterr().out
    assert "2 of 4 rationales are trees now: 1 agree with the row's answer, of 1 it is not known" in said
    assert "1 left out: it argues for another emotion than the row's answer" in said
    assert "attributes 88.7% / 85.6%" in said
    assert "1 rows cannot be used and are left out" in said
    assert ids(out) == ["agrees", "not known"]
    assert [(one["row"], one["reason"]) for one in rejects(tmp_path / "trees.rejects.jsonl")] == [
        (4, "it argues for another emotion than the row's answer (happy)"),
        (5, "no emotion is read"),
    ]
    assert [row.answer for row in open_rows(out)] == ["happy", "angry"]
    assert not list(tmp_path.glob(".*.parts"))
    with pytest.raises(UserError, match=r"trees\.jsonl is there already"):
        trees(str(rows_file(tmp_path)), out)


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "ROWS_A_PART", 3)
    file, whole, stopped = str(rows_file(tmp_path, copies=4)), tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    trees(file, whole)
    read, parts = work.read_part, []

    def until_the_third(*args: object) -> Iterator[dict]:
        parts.append(args)
        if len(parts) == 3:
            raise KeyboardInterrupt
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "read_part", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        trees(file, stopped)
    assert not stopped.exists()
    with pytest.raises(UserError, match="is of a call with other rows or options"):
        trees(file, stopped, task=["rationale_*"])
    trees(file, stopped)
    assert len(parts) == 3 + 4  # six parts, of which two were kept
    assert stopped.read_text() == whole.read_text()
    assert len(rejects(tmp_path / "stopped.rejects.jsonl")) == 8


@pytest.mark.slow  # the client waits before it tries a busy server again
def test_a_judge_may_read_and_what_it_said_is_not_asked_again(tmp_path: Path) -> None:
    stated = {
        "attributes": [{"aspect": "beard", "value": "yes"}],
        "expressions": ["smile"],
        "emotions": [{"label": "happy", "intensity": "weak"}],
    }
    server, out = EndpointServer(), tmp_path / "trees.jsonl"
    try:
        server.answer = lambda request: (503, "busy") if len(server.asked) > 2 else (200, {"persons": [stated]})
        with pytest.raises(UserError, match="call again: what was read is kept"):
            trees(str(rows_file(tmp_path)), out, endpoint=server.url, model="m")
        asked = len(server.asked)
        server.answer = lambda request: (200, {"persons": [stated]} if "red hair" not in str(request) else "nonsense")
        trees(str(rows_file(tmp_path)), out, endpoint=server.url, model="m")
        assert len(server.asked) < asked + 3  # three texts differ, and the first answers were kept
    finally:
        server.close()
    assert ids(out) == ["agrees", "no emotion"]
    assert "m1 happy (weak) < e1" in json.loads(out.read_text().splitlines()[0])["tree"]
    assert [one["reason"].partition(" (")[0] for one in rejects(tmp_path / "trees.rejects.jsonl")] == [
        "it argues for another emotion than the row's answer",
        "the judge's answer cannot be used",
    ]


def test_what_cannot_be_done_is_told_first(tmp_path: Path) -> None:
    rows, out = rows_file(tmp_path), tmp_path / "trees.jsonl"
    file = str(rows)
    with pytest.raises(UserError, match="--endpoint and --model go together"):
        trees(file, out, endpoint="http://localhost/v1")
    with pytest.raises(UserError, match=r"no row has the task 'rationale'.* did you mean 'rationale_text'\?"):
        trees(file, out, task=["rationale"])
    only = tmp_path / "only.json"
    only.write_text(json.dumps(json.loads(rows.read_text())[:1]))
    with pytest.raises(UserError, match=r"no rationale gives a tree; .*out\.rejects\.jsonl lists why"):
        trees(str(only), tmp_path / "out.jsonl", task=["qa"])
    assert rejects(tmp_path / "out.rejects.jsonl")[0]["reason"] == "no assistant turn follows the question"


def test_paths_start_where_those_of_the_rows_do_or_at_the_file(tmp_path: Path) -> None:
    file = str(rows_file(tmp_path))
    for name, media_root, expected in (("a", tmp_path, "videos/1.mp4"), ("b", None, "../videos/1.mp4")):
        out = tmp_path / name / "trees.jsonl"
        trees(file, out, media_root=media_root)
        assert json.loads(out.read_text().splitlines()[0])["videos"] == [expected]
