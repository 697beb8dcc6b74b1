"""What has to hold of a prompt before and after an engine is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rollout.media.medium import Medium
from rollout.prompt_checks import PromptMismatch, PromptTooLong, check_prompt_fits, check_prompt_ids
from rollout.rows.row import Row
from tests.unit.stations import prompt

ASKED = prompt(key="s3/1", ids=(5, 6, 7))
NOTHING = np.empty(0, dtype=np.int64)


def test_a_prompt_has_to_leave_room_for_a_token() -> None:
    check_prompt_fits(ASKED, 4)
    said = r"prompt s3/1 \(no media\) has 3 tokens, and rollout\.max_model_len = 3 .* raise it, or lower data\.max_frames"
    with pytest.raises(PromptTooLong, match=said):
        check_prompt_fits(ASKED, 3)
    about = replace(ASKED, row=Row(0, "?", (Medium("video", "a.mp4"), Medium("image", "b.png")), "qa"))
    with pytest.raises(PromptTooLong, match=r"prompt s3/1 \(a\.mp4, b\.png\) has 3 tokens"):
        check_prompt_fits(about, 2)


def test_the_engine_has_to_have_seen_the_prompt_and_what_was_written() -> None:
    check_prompt_ids(ASKED, NOTHING, np.array([5, 6, 7]))
    check_prompt_ids(ASKED, np.array([1, 2]), np.array([5, 6, 7, 1, 2]))


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ([5, 9, 7], "the engine saw 3 tokens, the trainer has 3; they part at token 1"),
        ([5, 6], "the engine saw 2 tokens, the trainer has 3; they part at token 2"),
        ([5, 6, 7, 7], "the engine saw 4 tokens, the trainer has 3; they part at token 3"),
    ],
)
def test_it_is_said_where_engine_and_trainer_part(theirs: list[int], said: str) -> None:
    with pytest.raises(PromptMismatch, match=said):
        check_prompt_ids(ASKED, NOTHING, np.array(theirs))
