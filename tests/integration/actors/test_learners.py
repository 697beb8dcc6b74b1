"""Ranks that are late or die while they are at it, as real Ray actors. What ranks learn is tested in ../test_learner_ranks.py."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
import ray

from actors.learners.group import LearnerGroup
from actors.learners.ranks import LearnerLost, WeightsChanged
from actors.weights.handles import WeightHandle

pytestmark = pytest.mark.timeout(100)


class Rank:
    """Writes nothing. For two seconds it is late; asked for a checksum, rank 1 dies."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ready = time.monotonic() + 2.0

    def write_weights(self, checksum: bool) -> WeightHandle | None:
        if checksum and self.number:
            os._exit(1)
        time.sleep(max(0.0, self.ready - time.monotonic()))
        return None if self.number else WeightHandle("somewhere", "node", 7)


@pytest.fixture
def learners(cluster: None) -> Iterator[LearnerGroup]:
    group = LearnerGroup(2, cpus=0.1, gpus=0)
    group.ranks.actors = [ray.remote(Rank).options(num_cpus=0).remote(number) for number in range(2)]
    ray.get([actor.__ray_ready__.remote() for actor in group.ranks.actors])
    yield group
    group.shutdown()


def test_a_rank_that_is_late_or_dies_while_it_writes_the_weights_is_named(learners: LearnerGroup) -> None:
    late = r"learner rank 0, learner rank 1: writing the weights was not finished within 0 s \(rollout.sync_timeout\)"
    with pytest.raises(LearnerLost, match=late):
        learners.write_weights(checksum=False, timeout=0.1)
    assert learners.write_weights(checksum=False, timeout=60.0).bytes == 7
    with pytest.raises(LearnerLost, match="learner rank 1 died while writing the weights"):
        learners.write_weights(checksum=True, timeout=60.0)


def test_weights_that_have_changed_since_are_not_written(learners: LearnerGroup) -> None:
    assert learners.write_weights(checksum=False, timeout=60.0, at=0).bytes == 7
    learners.ranks.ask(lambda number, actor: None, changes=True)
    with pytest.raises(WeightsChanged, match="0 changes were expected, there have been 1"):
        learners.write_weights(checksum=False, timeout=60.0, at=0)
