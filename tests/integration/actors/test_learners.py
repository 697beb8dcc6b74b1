"""Learner ranks that die while they are at it. What they learn is tested in ../test_learner_ranks.py."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors.cluster import wait_ready
from actors.learners.group import LearnerGroup
from actors.learners.ranks import LearnerLost, WeightsChanged
from tests.integration.actors.inside import within

pytestmark = pytest.mark.timeout(100)


@pytest.fixture
def learners(cluster: None) -> Iterator[LearnerGroup]:
    """A rank without a model."""
    group = LearnerGroup(1, cpus=0.5, gpus=0)
    wait_ready("room", [group.room()], 60)
    group.place()
    yield group
    group.shutdown()


def write_by(learners: LearnerGroup, write: Callable[[], None]) -> None:
    """Have this happen when the rank writes its weights."""

    def exchange(rank: Any) -> None:
        rank.merge, rank.learner = True, SimpleNamespace(weights=lambda merge: iter(()), shapes=dict)
        rank.sender = SimpleNamespace(write=lambda *_: write())

    within(learners.ranks.actors[0], exchange)


def test_one_that_dies_or_hangs_while_it_sends_is_named(learners: LearnerGroup) -> None:
    write_by(learners, lambda: time.sleep(2.0))
    with pytest.raises(LearnerLost, match=r"learner rank 0: writing the weights was not finished within 1 s"):
        learners.write_weights(checksum=False, timeout=1.0)
    with pytest.raises(WeightsChanged, match="5 changes were expected, there have been 0"):
        learners.write_weights(checksum=False, timeout=60.0, at=5)
    write_by(learners, lambda: os._exit(1))
    with pytest.raises(LearnerLost, match="learner rank 0 died while writing the weights"):
        learners.write_weights(checksum=False, timeout=60.0)
