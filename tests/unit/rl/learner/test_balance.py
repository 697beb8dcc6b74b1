"""Groups are spread over learner ranks whole, and evenly."""

from __future__ import annotations

import numpy as np
import pytest

from rl.learner.balance import balance, tokens
from rollout.media.medium import Medium
from rollout.prompts import TEXT, EncodedPrompt
from rollout.samples import TokenCredit, TokenGroup
from tests.unit.stations import encoded_text


def group(key: int, samples: int, length: int) -> TokenGroup:
    ids = np.full(10, key)
    replies = tuple(np.arange(length) for _ in range(samples))
    log_probs = tuple(np.zeros(length, dtype=np.float32) for _ in range(samples))
    advantages = tuple(key + place / 10 for place in range(samples))
    return TokenGroup(encoded_text(ids), replies, log_probs, advantages, (TokenCredit(),) * samples)


def test_groups_stay_whole_and_ranks_are_even() -> None:
    groups = [group(key, 4, length) for key, length in enumerate((90, 10, 50, 40))]
    shares = balance(groups, 2)
    assert sorted(share.group for of_rank in shares for share in of_rank) == [0, 1, 2, 3]
    assert all(share.replies == (0, 1, 2, 3) for of_rank in shares for share in of_rank)
    loads = [tokens([groups[share.group] for share in of_rank]) for of_rank in shares]
    assert max(loads) - min(loads) <= min(tokens([one]) for one in groups)


def test_every_rank_gets_some_even_of_one_group() -> None:
    shares = balance([group(0, 8, 5)], 3)
    assert sorted(len(share.replies) for (share,) in shares) == [2, 2, 4]
    assert sorted(place for (share,) in shares for place in share.replies) == list(range(8))
    with pytest.raises(ValueError, match="2 samples cannot be spread over 3"):
        balance([group(0, 2, 5)], 3)


def test_groups_about_one_clip_stay_together_and_count_it_once() -> None:
    clip, other = Medium("video", "a.mp4"), Medium("video", "b.mp4")
    groups = [about(clip, [7], 2), about(other, [7], 2), about(clip, [8], 2), about(clip, [7], 1)]
    assert tokens(groups[:1]) == 40 + 1 + 3
    assert tokens([groups[0], groups[2]]) == 40 + 2 * (1 + 3)
    assert tokens([groups[0], groups[3]]) == 40 + 1 + 3  # the same prompt and replies
    assert [[share.group for share in of_rank] for of_rank in balance(groups, 2)] == [[0, 2, 3], [1]]


def test_a_clip_is_parted_between_its_groups_where_there_are_fewer_clips_than_ranks() -> None:
    clip = Medium("video", "a.mp4")
    groups = [about(clip, [question], 4) for question in range(4)]
    shares = balance(groups, 2)
    assert sorted([share.group for share in of_rank] for of_rank in shares) == [[0, 1], [2, 3]]
    assert all(share.replies == (0, 1, 2, 3) for of_rank in shares for share in of_rank)


def about(clip: Medium, question: list[int], samples: int) -> TokenGroup:
    """A question after 40 tokens of a clip, with equal replies of 3 tokens."""
    ids = np.array([*range(1000, 1040), *question])
    shown = np.where(ids >= 1000, 0, TEXT)
    prompt = EncodedPrompt(ids, ids, np.tile(np.arange(len(ids)), (3, 1)), (clip,), shown)
    return TokenGroup(prompt, (np.arange(3),) * samples)
