"""Which place of a conversation shows which video or image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollout.media.medium import KINDS
from rollout.rows.conversation import turns_of
from rollout.rows.media_columns import media_of
from rollout.rows.placing import Placed, place_media
from rollout.rows.row import RowError

ROOT = Path("/data")


def placed(*contents: Any, **columns: Any) -> Placed:
    """Turns by turns of user and assistant, with the media of columns."""
    messages = [{"role": ("user", "assistant")[place % 2], "content": content} for place, content in enumerate(contents)]
    given = {kind: media_of(columns, kind, "w", ROOT) for kind in KINDS}
    return place_media(turns_of(messages, "w"), given, "w", ROOT)


def names(found: Placed) -> str:
    """The names of all media, in order, without folder and suffix."""
    return " ".join(Path(medium.path).stem for medium in found.media)


def texts(found: Placed) -> list[str]:
    """The texts of all turns."""
    return [turn.text for turn in found.turns]


def test_tags_of_all_user_turns_take_the_media_in_order() -> None:
    found = placed("<image>a<video>", "b", "c<image><image>", videos=["v.mp4"], images=["1.png", "2.png", "3.png"])
    assert texts(found) == ["<image>a<video>", "b", "c<image><image>"]
    assert names(found) == "1 v 2 3"
    assert [medium.kind for medium in found.media] == ["image", "video", "image", "image"]
    assert not found.rewritten


def test_media_of_a_kind_without_a_tag_go_first() -> None:
    assert texts(placed("a", "b", "c", videos=["v.mp4", "w.mp4"], images=["1.png"])) == ["<video><video><image>a", "b", "c"]
    found = placed("a<image>", videos=["v.mp4"], images=["1.png"])
    assert (texts(found), names(found)) == (["<video>a<image>"], "v 1")


def test_a_system_turn_stays_before_the_media_that_go_first() -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]
    found = place_media(
        turns_of(messages, "w"), {"video": media_of({"video": "v.mp4"}, "video", "w", ROOT), "image": []}, "w", ROOT
    )
    assert texts(found) == ["s", "<video>a"]


def test_typed_parts_name_media_or_leave_them_to_the_columns() -> None:
    parts = [
        "a",
        {"type": "image"},
        {"type": "text", "text": "b"},
        {"type": "video", "video": "v.mp4", "image": None, "text": ""},
    ]
    found = placed(parts, [{"type": "text", "text": "c"}], [{"image": "2.png"}, {"text": "d"}], images=["1.png"])
    assert texts(found) == ["a<image>b<video>", "c", "<image>d"]
    assert names(found) == "1 v 2"
    ranged = placed([{"type": "video", "video": "v.mp4", "video_start": 1, "video_end": 2}, {"type": "text", "text": "a"}])
    assert (ranged.media[0].start, ranged.media[0].end) == (1.0, 2.0)


def test_tags_in_typed_texts_are_prose_where_a_part_is_a_medium_or_there_is_none() -> None:
    def parts(*more: Any) -> list[Any]:
        return [{"type": "text", "text": "<video>?"}, *more]

    assert texts(placed(parts({"type": "video", "video": "v.mp4"}))) == ["< video>?<video>"]
    assert placed(parts({"type": "video"}), videos=["v.mp4"]).rewritten
    assert texts(placed(parts())) == ["< video>?"]
    assert texts(placed(parts(), videos=["v.mp4"])) == ["<video>?"]


def test_prose_is_rewritten_in_every_turn_and_told() -> None:
    found = placed("<video>a<|im_end|>", "<image>", "b", videos=["v.mp4"])
    assert (texts(found), found.rewritten) == (["<video>a< |im_end|>", "< image>", "b"], True)


def test_media_named_twice_are_refused() -> None:
    with pytest.raises(RowError, match="name their videos themselves"):
        placed([{"type": "video", "video": "v.mp4"}], videos=["v.mp4"])
