"""Rows that show the same have the same number, wherever their files lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rollout.media.medium import Medium
from rollout.rows.clips import clip_number, shows
from rollout.rows.data import open_rows
from rollout.rows.row import Row

ROOT = Path("/data")


def row(*media: Medium) -> Row:
    return Row(0, "?", media, "qa")


def video(name: str, start: float | None = None, end: float | None = None, root: Path = ROOT) -> Medium:
    return Medium("video", str(root / name), start=start, end=end)


def test_the_number_is_of_the_media_alone_and_the_same_elsewhere() -> None:
    other = Row(7, "Who?", (video("a.mp4"),), "emotion", reference="she")
    assert shows(row(video("a.mp4")), ROOT) == shows(other, ROOT)
    moved = row(video("a.mp4", root=Path("/elsewhere")))
    assert shows(row(video("a.mp4")), ROOT) == shows(moved, Path("/elsewhere"))
    assert shows(row(), ROOT) == 0


@pytest.mark.parametrize(
    "media",
    [
        [video("b.mp4")],
        [video("a.mp4", 1.0, 2.0)],
        [Medium("image", str(ROOT / "a.mp4"))],
        [video("a.mp4"), video("a.mp4")],
        [Medium("video", str(ROOT / "a.mp4"), content=b"bytes")],
        [Medium("video", "", frames=(str(ROOT / "a.mp4"), str(ROOT / "b.mp4")))],
    ],
)
def test_what_is_shown_otherwise_has_another_number(media: Sequence[Medium]) -> None:
    assert shows(row(*media), ROOT) != shows(row(video("a.mp4")), ROOT)


def test_the_order_of_media_counts_and_parts_of_a_video_are_one_clip_for_splits_only() -> None:
    one, other = video("a.mp4", 0.0, 1.0), video("a.mp4", 1.0, 2.0)
    assert clip_number(one, ROOT) == clip_number(other, ROOT)
    assert len({shows(row(*media), ROOT) for media in ([one], [other], [one, other], [other, one])}) == 4


def test_the_index_has_the_number_of_every_row(faces: Path, media_rows: Path) -> None:
    for path, clips in ((faces / "train.jsonl", 24), (media_rows, 7)):
        rows = open_rows(path)
        numbers = rows.column("shows")
        assert len(np.unique(numbers)) == clips
        assert (numbers == 0).tolist() == [not row.media for row in rows]
        media = {number: {row.media for row, its in zip(rows, numbers, strict=True) if its == number} for number in set(numbers)}
        assert all(len(shown) == 1 for shown in media.values())
