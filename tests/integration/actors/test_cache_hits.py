"""A clip is decoded once, and what vLLM's caches save of prompts about it is all that can be saved, counted by hand."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
import ray

from rl.run.workers import Workers
from rollout.rows.data import RowData
from rollout.samples import Prompt, SamplingSpec
from tests.integration.actors.inside import within

pytestmark = pytest.mark.timeout(400)

BLOCK = 32
"""Tokens that the prefix cache keeps together, on CPUs."""
SAMPLES, CLIPS, QUESTIONS = 4, 2, 3


def blocks(tokens: int) -> int:
    return tokens // BLOCK * BLOCK


def common(one: np.ndarray, other: np.ndarray) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one.tolist(), other.tolist(), strict=False)))


def savable(prompts: Sequence[Prompt]) -> int:
    """Tokens of all samples' prompts that one engine need not compute: of a prompt's first sample what some prompt before it
    begins with, of its others all but what does not fill a block."""
    found = 0
    for place, prompt in enumerate(prompts):
        ids = prompt.encoded.ids
        before = max((common(ids, other.encoded.ids) for other in prompts[:place]), default=0)
        found += blocks(min(before, len(ids) - 1)) + (SAMPLES - 1) * blocks(len(ids) - 1)
    return found


@pytest.fixture
def by_clip(workers: Workers, rows: RowData) -> list[list[Prompt]]:
    """Prompts about clips that no engine has seen since its last sync; those about one clip differ at their end."""
    first = list({row.media[0].path: row for row in (rows[place] for place in range(40))}.values())[-CLIPS:]
    asked = [
        [replace(row, question="<video>" + "Look at the face. " * 8 + "And then? " * number) for number in range(QUESTIONS)]
        for row in first
    ]
    encoded = [workers.learners.encode(questions) for questions in asked]
    ray.get([slot.actor.reset_caches.remote() for slot in workers.engines.slots])
    return [
        [Prompt(f"{clip}-{number}", *pair) for number, pair in enumerate(zip(asked[clip], encoded[clip], strict=True))]
        for clip in range(CLIPS)
    ]


def test_each_clip_is_asked_of_one_engine_and_seen_once(workers: Workers, by_clip: list[list[Prompt]]) -> None:
    prompts = [prompt for of_clip in by_clip for prompt in of_clip]
    workers.engines.hit_rates()
    workers.engines.groups(prompts, SamplingSpec(SAMPLES, 4))
    asked = SAMPLES * sum(len(prompt.encoded.ids) for prompt in prompts)
    assert all(blocks(common(one.encoded.ids, prompt.encoded.ids)) for one, *others in by_clip for prompt in others)
    assert workers.engines.hit_rates() == {
        "rollout/prefix_cache_hit_rate": sum(map(savable, by_clip)) / asked,
        "rollout/vision_cache_hit_rate": 1 - 1 / (SAMPLES * QUESTIONS),
    }
    assert workers.engines.hit_rates() == {}


def decoded(workers: Workers) -> list[int]:
    """How many media each process has decoded."""
    (rank,) = workers.learners.ranks.actors
    of_engines = [within(slot.actor, lambda one: one.requests.store.decoded) for slot in workers.engines.slots]
    return [within(rank, lambda one: one.learner.encoder.store.decoded), *of_engines]


def test_a_clip_is_decoded_by_one_of_a_nodes_processes(workers: Workers, rows: RowData, tmp_path: Path) -> None:
    (clip,) = rows[0].media
    new = replace(rows[0], media=(replace(clip, path=str(shutil.copy(clip.path, tmp_path / "new.mp4"))),))
    before = decoded(workers)
    (encoded,) = workers.learners.encode([new])
    asked = [Prompt(f"new{number}", new, encoded) for number in range(2)]
    workers.engines.groups(asked, SamplingSpec(1, 4))  # one on each engine
    assert all(new.media in slot.media for slot in workers.engines.slots)
    assert [now - then for now, then in zip(decoded(workers), before, strict=True)] == [1, 0, 0]
