"""The sequence of draws is what it always was, and every draw knows its epoch."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from rollout.rows.draws import blocks, draws

POOLS, WEIGHTS = [np.arange(10), np.arange(10, 13)], [1.0, 0.5]


def test_the_sequence_of_a_seed_stays_what_it_is() -> None:
    """Runs that were begun before have to go on with it."""
    assert list(islice(draws(POOLS, WEIGHTS, 7), 16)) == [8, 10, 12, 0, 7, 11, 1, 12, 10, 3, 6, 2, 4, 5, 9, 8]


@pytest.mark.parametrize("done", [0, 77, 5000])
def test_blocks_are_the_same_sequence_with_the_epoch_of_each_draw(done: int) -> None:
    found = list(islice(blocks(POOLS, WEIGHTS, 3, done), 2))
    members = np.concatenate([members for members, _ in found])
    assert members.tolist() == list(islice(draws(POOLS, WEIGHTS, 3, done), len(members)))
    before = Counter(islice(draws(POOLS, WEIGHTS, 3), done))
    for member, epoch in zip(members.tolist(), np.concatenate([epochs for _, epochs in found]).tolist(), strict=True):
        assert epoch == before[member]  # it came once in each epoch before
        before[member] += 1
