"""GRPO on real workers that runs a step ahead of the learner, on groups sampled as trees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress
from rl.record.tracking.tracker import Tracker
from rl.run.begin import run_with
from rl.run.preparation import Splits
from rl.run.workers import Workers
from rl.train import grpo
from rollout.rows.data import RowData

pytestmark = pytest.mark.timeout(400)


def test_rollouts_run_a_step_ahead_on_trees(workers: Workers, config: Config, rows: RowData, version: int) -> None:
    grpo_config = replace(config.grpo, steps=4, staleness=1, correction="truncate", credit="branch", group=8, resample=0, kl=0.0)
    one = replace(config, grpo=grpo_config, rollout=replace(config.rollout, branching=[2, 2, 2]))
    one = replace(one, evaluation=replace(one.evaluation, every=0), tracking=replace(one.tracking, mlflow=False))
    directory = RunDirectory.create(one)
    run = run_with(one, directory, Splits(rows, rows, rows), Tracker(one, directory, print), workers)
    run.progress = Progress("grpo", 0, version)
    workers.learners.save_model(directory.tuned_model)
    grpo(run)
    metrics = [record["metrics"] for record in directory.metrics.read()]
    assert [m["rollout/age_max"] for m in metrics] == [0.0, 1.0, 1.0, 1.0]
    assert [m["rollout/stale"] for m in metrics] == [0.0] * 4
    assert all(0.0 <= m["rollout/idle_share"] <= 1.0 and 0.0 < m["learner/idle_share"] < 1.0 for m in metrics)
    assert all(np.isfinite(m["learner/loss"]) for m in metrics)
    drawn = pq.read_table(directory.rollouts / "step_2.parquet").to_pylist()
    assert len(drawn) == 8 * config.grpo.prompts
    assert {len(row["path"]) for row in drawn} <= {1, 2, 3}
    assert all(sum(tokens for _, tokens in row["versions"]) == len(row["completion_ids"]) for row in drawn)
    assert {span for row in drawn for span, _ in row["versions"]} <= {version, version + 1}
