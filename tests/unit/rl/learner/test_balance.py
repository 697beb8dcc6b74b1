"""Groups are spread over learner ranks whole, and evenly."""

from __future__ import annotations

import numpy as np
import pytest

from rl.learner.balance import balance, join_equal_prompts, tokens
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
    loads = [sum(tokens(groups[share.group]) for share in of_rank) for of_rank in shares]
    assert max(loads) - min(loads) <= min(map(tokens, groups))


def test_every_rank_gets_some_even_of_one_group() -> None:
    shares = balance([group(0, 8, 5)], 3)
    assert sorted(len(share.replies) for (share,) in shares) == [2, 2, 4]
    assert sorted(place for (share,) in shares for place in share.replies) == list(range(8))
    with pytest.raises(ValueError, match="2 samples cannot be spread over 3"):
        balance([group(0, 2, 5)], 3)


def test_groups_with_equal_prompts_become_one_and_the_rest_stay_as_they_are() -> None:
    groups = [group(0, 2, 5), group(1, 1, 3), group(0, 1, 4)]
    joined = join_equal_prompts(groups)
    assert [len(one.replies) for one in joined] == [3, 1]
    assert joined[1] is groups[1]
    assert [len(reply) for reply in joined[0].replies] == [5, 5, 4]
    assert joined[0].advantages == (0.0, 0.1, 0.0)
    assert tokens(joined[0]) == 10 + 14
