"""The row that teaches a tree: it can be read again, shows the same media, and keeps what it was."""

from __future__ import annotations

import json
from pathlib import Path

from rewards.captions.reader import read_caption
from rollout.media.medium import Medium
from rollout.rows.build import build_row
from rollout.rows.row import Row, Turn
from rollout.rows.tree_rows import TREE_QUESTION, tree_row
from rollout.rows.trees import GoldTree, gold_tree

TEXT = "A man with a beard smiles. A woman stands there. He is happy."


def gold() -> GoldTree:
    found = gold_tree(TEXT, read_caption(TEXT), {})
    assert isinstance(found, GoldTree)
    return found


def test_a_row_with_its_tree_is_read_again_as_one_that_teaches_it(tmp_path: Path) -> None:
    clips = tmp_path / "videos"
    media = (
        Medium("video", str(clips / "1.mp4")),
        Medium("image", "image 1", content=b"\x89PNG"),
        Medium("video", "video 2", frames=(str(clips / "a.png"), str(clips / "b.png")), start=1.0, end=2.5),
    )
    context = (Turn("user", "<video><image><video>Who smiles?"), Turn("assistant", "he"))
    row = Row(7, "Why?", media, "rationale_text", "MAFW", "B", reference=TEXT, context=context, columns={"id": "r7"})
    folder = tmp_path / "trees"
    folder.mkdir()
    found = tree_row(row, gold(), folder, (tmp_path / "rows.json", 8))
    assert found["videos"][0] == "../videos/1.mp4"
    again = build_row(json.loads(json.dumps(found)), 0, "rows.jsonl, row 1", folder)
    assert again.question == "<video><image><video>" + TREE_QUESTION
    assert [Path(m.path).resolve() if not m.content and not m.frames else m.content for m in again.media[:2]] == [
        clips / "1.mp4",
        b"\x89PNG",
    ]
    assert [Path(frame).resolve() for frame in again.media[2].frames] == [clips / "a.png", clips / "b.png"]
    assert (again.media[2].start, again.media[2].end) == (1.0, 2.5)
    assert (again.task, again.source, again.answer, again.covers) == ("rationale", "MAFW", "happy", {"persons": 2})
    assert again.reference == again.tree == gold().text
    assert again.columns["id"] == "r7"
    was = again.columns["original"]
    assert (was["row"], was["task"], was["answer"]) == (8, "rationale_text", "B")
    assert [turn["content"] for turn in was["messages"]] == ["<video><image><video>Who smiles?", "he", "Why?", TEXT]
