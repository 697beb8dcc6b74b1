"""A step's samples as MLflow keeps them."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from rewards.sample import Reward
from rl.record.rollouts import RolloutsError, write_rollouts
from rl.record.tracking.traces import Traced, log_trace, traced_of_file, traced_of_groups
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, prompt, scored

REWARDS = [Reward(0.5, {"leaf": 0.25, "silent": None}), Reward(1.0)]
ANSWERS = scored(group(["a completion", "another"], prompt("p", tree="<tree>"), versions=[(4,), (4,)]), REWARDS)
UNSCORED = scored(group(["nothing"], prompt("q", task="qa")), [Reward(None, errors={"leaf": "no"})])
GROUPS = [
    TrainingGroup(**vars(ANSWERS), advantages=(-1.0, 1.0), credit=(TokenCredit(), TokenCredit())),
    TrainingGroup(**vars(UNSCORED), advantages=(None,), credit=(TokenCredit(),)),
]
FIRST = Traced(0, "rationale", "?", (), "<tree>", "a completion", 4, -1.0, 0.5, {"leaf": 0.25, "silent": None})


def test_the_first_sample_of_each_group_is_a_trace_with_its_rewards(tmp_path: Path, empty_store: Path) -> None:
    uri = f"sqlite:///{shutil.copy(empty_store, tmp_path)}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("traces")
    run = client.create_run(experiment).info.run_id
    mlflow.set_tracking_uri(uri)
    for traced in traced_of_groups(GROUPS):
        log_trace(traced, 3, 1_700_000_000_123, run, experiment)
    found = {trace.data.spans[0].outputs["completion"]: trace for trace in client.search_traces(locations=[experiment])}
    assert found.keys() == {"a completion", "nothing"}
    trace = found["a completion"]
    (span,) = trace.data.spans
    assert span.inputs == {"prompt": "?", "media": [], "gold": "<tree>"}
    assert span.outputs["reward"] == 0.5
    facts = {"step": 3, "version": 4, "task": "rationale", "advantage": -1.0}
    assert {name: span.attributes[name] for name in facts} == facts
    assert {one.name: one.value for one in trace.info.assessments} == {"reward": 0.5, "leaf": 0.25}
    assert trace.info.trace_metadata["mlflow.sourceRun"] == run
    assert (trace.info.request_time, trace.info.tags["affectree.group"]) == (1_700_000_000_123, "0")
    assert found["nothing"].info.assessments == []


def test_a_rollouts_file_gives_the_same_as_the_groups(tmp_path: Path) -> None:
    file = tmp_path / "step_3.parquet"
    write_rollouts(file, 3, 4, GROUPS, [0, 1])
    assert traced_of_groups(GROUPS)[0] == FIRST
    assert traced_of_file(file, 5) == traced_of_groups(GROUPS)
    assert traced_of_file(file, 1) == [FIRST]


def test_a_damaged_rollouts_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "step_3.parquet").write_text("no")
    with pytest.raises(RolloutsError, match=r"step_3\.parquet: holds no samples that can be traced"):
        traced_of_file(tmp_path / "step_3.parquet", 1)
