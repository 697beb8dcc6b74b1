"""What room the media of rows need."""

from __future__ import annotations

from rl.run.rows_to_ask import most_media
from rollout.media.medium import Medium
from rollout.rows.row import Row


def test_the_most_media_are_those_of_any_row_and_one_of_each_at_least() -> None:
    video, image = Medium("video", "a.mp4"), Medium("image", "a.png")
    rows = [Row(0, "", (video, image, video), "qa"), Row(1, "", (video,), "qa")]
    assert most_media(rows) == {"video": 2, "image": 1}
    assert most_media([]) == {"video": 1, "image": 1}
