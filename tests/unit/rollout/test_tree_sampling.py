"""Groups sampled as trees, and reasoning by stages; engines are real in the integration tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import numpy as np

from rollout.reasoning import Candidate, reason
from rollout.samples import VersionSpan
from rollout.tree_sampling import HEADERS, Written, joined, sample_tree


def written(ids: Sequence[int], header: str | None, version: int = 1) -> Written:
    tokens = np.array(ids, dtype=np.int64)
    return Written(tokens, -tokens.astype(np.float32), (VersionSpan(version, len(ids)),), "stop", header)


class Counting:
    """Draws tokens 0, 1, 2, …, two in each piece; a piece that begins with a token of `last` ends its text."""

    def __init__(self, last: Sequence[int] = ()) -> None:
        self.tokens = itertools.count()
        self.last = last
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []

    async def __call__(self, so_far: Written, count: int, headers: Sequence[str]) -> list[Written]:
        self.asked.append((len(so_far.ids), count, tuple(headers)))
        pieces = []
        for _ in range(count):
            ids = [next(self.tokens), next(self.tokens)]
            pieces.append(written(ids, headers[0] if headers and ids[0] not in self.last else None))
        return pieces


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


def test_versions_are_joined_where_they_meet() -> None:
    assert joined((VersionSpan(1, 2),), (VersionSpan(1, 3), VersionSpan(2, 1))) == (VersionSpan(1, 5), VersionSpan(2, 1))
    assert joined((VersionSpan(1, 2),), (VersionSpan(2, 3),)) == (VersionSpan(1, 2), VersionSpan(2, 3))
    assert joined((), (VersionSpan(2, 3),)) == (VersionSpan(2, 3),)


def test_reasoning_keeps_the_candidate_with_the_most_votes_at_each_stage() -> None:
    seen: list[list[str]] = []

    def judge(stage: int, candidates: Sequence[Candidate]) -> list[float]:
        seen.append([one.text for one in candidates])
        return [[0.0, 1.0, 0.5], [2.0, 2.0, 1.0], [0.0, 0.0, 3.0]][stage]

    found = asyncio.run(reason(Counting(), lambda ids: " ".join(map(str, ids)), judge, 3))
    assert seen == [["0 1", "2 3", "4 5"], ["2 3 6 7", "2 3 8 9", "2 3 10 11"], [f"2 3 6 7 {n} {n + 1}" for n in (12, 14, 16)]]
    assert found.text == "2 3 6 7 16 17"
    assert found.written.ids.tolist() == [2, 3, 6, 7, 16, 17]
    assert [stage.chosen for stage in found.stages] == [1, 0, 2]


def test_reasoning_ends_with_a_text_that_ended() -> None:
    found = asyncio.run(reason(Counting(last=[2]), str, lambda _, some: [float(n) for n in range(len(some))], 2))
    assert len(found.stages) == 1
    assert found.written.ids.tolist() == [2, 3]
