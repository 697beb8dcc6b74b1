"""Each family of checkpoints, on real engines and learners: the same prompts and log-probs for every kind of media."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import ray

from rl.config_check import load_config
from rl.preparation import Splits
from rl.run_directory import RunDirectory
from rl.team import Team, launch
from rollout.expansion import FAMILIES
from rollout.rows import RowData, open_rows
from rollout.samples import SamplingSpec
from tests.integration.conftest import QUICKSTART, small_settings

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def rows(media_rows: Path) -> RowData:
    return open_rows(media_rows)


@pytest.fixture(scope="module", params=FAMILIES)
def team(request, cluster: None, faces: Path, rows: RowData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    settings = small_settings(faces, tmp_path_factory.mktemp("runs"), f"model.tiny.family={request.param}")
    config = load_config(QUICKSTART, settings)
    drawn = open_rows(faces / "train.jsonl")
    with launch(config, RunDirectory.create(config), Splits(drawn, rows, rows)) as started:
        yield started


def test_engine_and_learner_see_the_same_media(team: Team, rows: RowData) -> None:
    prompts = team.prompts(rows, range(len(rows)), "media")
    assert [len(prompt.encoded.media) for prompt in prompts] == [1, 1, 2, 2, 2, 0]
    team.learners.tune(list(range(8)), learning_rate=1e-2)  # away from a random model's even distribution
    team.load(1)
    groups = ray.get(team.rollouts.generate(prompts, SamplingSpec(2, 12, seed=0)))
    for prompt, group in zip(prompts, groups, strict=True):
        np.testing.assert_array_equal(group.samples[0].prompt_ids, prompt.encoded.ids)
        assert team.logprob_difference(prompt) < 1e-4, prompt.row.question
