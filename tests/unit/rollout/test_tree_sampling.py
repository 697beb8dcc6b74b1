"""Groups sampled as trees; engines are real in the integration tests."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np

from rollout.samples import VersionSpan
from rollout.tree_sampling import HEADERS, Written, joined, sample_tree
from tests.unit.rollout.counting import Counting, written


def test_a_group_has_every_path_and_siblings_share_their_beginning() -> None:
    ask = Counting()
    leaves = asyncio.run(sample_tree(ask, (2, 3, 2)))
    assert [leaf.path for leaf in leaves] == list(itertools.product(range(2), range(3), range(2)))
    assert {leaf.ends for leaf in leaves} == {(2, 4, 6)}
    for one, other in itertools.combinations(leaves, 2):
        shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one.path, other.path, strict=True)))
        np.testing.assert_array_equal(one.written.ids[: 2 * shared], other.written.ids[: 2 * shared])
        assert not set(one.written.ids[2 * shared :]) & set(other.written.ids[2 * shared :])
    assert sorted(ask.asked) == [(0, 2, HEADERS[:1])] + [(2, 3, HEADERS[1:])] * 2 + [(4, 2, ())] * 6


def test_a_text_that_ends_early_stands_for_all_of_its_paths() -> None:
    leaves = asyncio.run(sample_tree(Counting(last=[0]), (2, 2, 2)))
    assert [leaf.path for leaf in leaves[:4]] == [(0,)] * 4
    assert [leaf.written.ids.tolist() for leaf in leaves[:4]] == [[0, 1]] * 4
    assert [leaf.path for leaf in leaves[4:]] == [(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]


def test_spans_of_one_version_are_joined() -> None:
    assert joined((VersionSpan(1, 2),), (VersionSpan(1, 3), VersionSpan(2, 1))) == (VersionSpan(1, 5), VersionSpan(2, 1))
    assert joined((VersionSpan(1, 2),), (VersionSpan(2, 3),)) == (VersionSpan(1, 2), VersionSpan(2, 3))
    assert joined((), (VersionSpan(2, 3),)) == (VersionSpan(2, 3),)


def test_what_is_written_goes_on_with_ids_log_probs_versions_and_the_last_ending() -> None:
    whole = Written() + written([1, 2], HEADERS[0]) + Written(np.array([3]), np.array([-0.5]), (VersionSpan(2, 1),), "length")
    assert whole.ids.tolist() == [1, 2, 3]
    assert whole.log_probs.tolist() == [-1.0, -2.0, -0.5]
    assert whole.versions == (VersionSpan(1, 2), VersionSpan(2, 1))
    assert (whole.finish_reason, whole.header) == ("length", None)
