"""Two real engines and a learner, which all tests of this folder share.

Each test finds them as if they had just started: the learner with the random model, which writes long texts of everything, both
engines serving the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import ray

from rl.config.load import load_config
from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import Splits
from rl.run.workers import Workers, launch
from rollout.rows.data import RowData, open_rows
from rollout.samples import Prompt, SamplingSpec
from tests.integration.actors.inside import wait_until_all_serve
from tests.integration.conftest import QUICKSTART, local_cluster, small_settings


@dataclass
class Launched:
    """Workers, and what they have been through."""

    workers: Workers
    model: Path
    """The checkpoint that they began with."""
    too_early: BaseException | None = None
    """What came of asking an engine before its first sync."""
    changes: int = 0
    """Number of the learner's weights when it last began anew."""
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(0, 10))


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with local_cluster(tmp_path_factory.mktemp("logs")):
        yield


@pytest.fixture(scope="package")
def config(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    more = ("rollout.engines=2", "rollout.checksum=true")
    return load_config(QUICKSTART, small_settings(faces, tmp_path_factory.mktemp("runs"), *more))


@pytest.fixture(scope="package")
def rows(faces: Path) -> RowData:
    return open_rows(faces / "train.jsonl")


@pytest.fixture(scope="package")
def launched(cluster: None, config: Config, rows: RowData, media_rows: Path) -> Iterator[Launched]:
    others, directory = open_rows(media_rows), RunDirectory.create(config)
    with launch(config, directory, Splits(rows, rows, others)) as workers:
        started = Launched(workers, directory.initial_model)
        try:
            workers.engines.groups(workers.prompts(rows, [0], "early"), SamplingSpec(1, 4))
        except ray.exceptions.RayTaskError as error:
            started.too_early = error.cause
        yield started


@pytest.fixture
def version(launched: Launched) -> int:
    """The version that engines have as a test begins; the next nine have not been used either."""
    return next(launched.versions)


@pytest.fixture
def workers(launched: Launched, version: int) -> Workers:
    """All alive, as if just started."""
    workers = launched.workers
    if workers.learners.changes != launched.changes:
        workers.learners.restart(launched.model)
        launched.changes = workers.learners.changes
    workers.sync.load(version)
    wait_until_all_serve(workers)
    for slot in workers.engines.slots:
        slot.deaths = 0
    workers.engines.deaths = 0
    return workers


@pytest.fixture(scope="package")
def prompts(launched: Launched, rows: RowData) -> list[Prompt]:
    return launched.workers.prompts(rows, rows.indices_by_task()["rationale"][:6], "test")
