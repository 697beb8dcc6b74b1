"""Samples are dealt out to learner ranks by whole groups."""

import numpy as np
import pytest

from rl.learner.balance import deal, tokens
from rollout.prompts import EncodedPrompt
from rollout.samples import LearnItem


def group(key: int, samples: int, length: int) -> list[LearnItem]:
    ids = np.full(10, key)
    prompt = EncodedPrompt(ids, ids, np.tile(ids, (3, 1)), ())
    return [LearnItem(prompt, np.arange(length), np.zeros(length, dtype=np.float32), float(key)) for _ in range(samples)]


def test_groups_stay_whole_and_ranks_are_even() -> None:
    items = [item for key, length in enumerate((90, 10, 50, 40)) for item in group(key, 4, length)]
    dealt = deal(items, 2)
    assert sorted(index for share in dealt for index in share) == list(range(len(items)))
    shares = [[items[index] for index in share] for share in dealt]
    keys = [{item.advantage for item in share} for share in shares]
    assert keys[0] & keys[1] == set()
    sizes = {key: tokens([item for item in items if item.advantage == key]) for key in range(4)}
    loads = [sum(sizes[int(key)] for key in found) for found in keys]
    assert max(loads) - min(loads) <= min(sizes.values())


def test_every_rank_gets_some_even_of_one_group() -> None:
    assert sorted(len(share) for share in deal(group(0, 8, 5), 3)) == [2, 2, 4]
    with pytest.raises(ValueError, match="2 samples cannot be dealt out over 3"):
        deal(group(0, 2, 5), 3)
