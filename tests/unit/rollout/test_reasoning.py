"""Reasoning by stages; engines are real in the integration tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rollout.reasoning import Candidate, reason
from tests.unit.rollout.counting import Counting
from tests.unit.stations import prompt


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


def test_candidates_have_the_log_probs_of_their_own_stage() -> None:
    seen: list[list[list[float]]] = []

    def judge(stage: int, candidates: Sequence[Candidate]) -> list[float]:
        seen.append([one.log_probs.tolist() for one in candidates])
        return [1.0, 0.0]

    asyncio.run(reason(Counting(), str, judge, 2))
    assert seen == [[[0, -1], [-2, -3]], [[-4, -5], [-6, -7]], [[-8, -9], [-10, -11]]]


def test_a_reasoned_text_is_the_one_sample_of_its_group() -> None:
    found = asyncio.run(reason(Counting(), lambda ids: f"{len(ids)} tokens", lambda _, some: [0.0] * len(some), 2))
    asked = prompt(ids=(7, 8))
    group = found.group(asked)
    (sample,) = group.samples
    assert group.prompt is asked
    assert (sample.prompt_ids.tolist(), sample.ids.tolist()) == ([7, 8], [0, 1, 4, 5, 8, 9])
    assert (sample.text, sample.finish_reason) == ("6 tokens", "stop")
    assert (sample.version, sample.versions) == (1, found.written.versions)
