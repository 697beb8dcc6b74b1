"""A step's samples as MLflow keeps them."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from rewards.sample import Reward
from rl.record.traces import log_traces
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, prompt, scored


def test_the_first_sample_of_each_group_is_a_trace_with_its_rewards(tmp_path: Path, empty_store: Path) -> None:
    uri = f"sqlite:///{shutil.copy(empty_store, tmp_path)}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("traces")
    run = client.create_run(experiment).info.run_id
    mlflow.set_tracking_uri(uri)
    rewards = [Reward(0.5, {"leaf": 0.25}), Reward(1.0)]
    answers = scored(group(["a completion", "another"], prompt(tree="<tree>"), versions=[(4,), (4,)]), rewards)
    unscored = scored(group(["nothing"], prompt("q", task="qa")), [Reward(None, errors={"leaf": "no"})])
    log_traces(
        [
            TrainingGroup(**vars(answers), advantages=(-1.0, 1.0), credit=(TokenCredit(), TokenCredit())),
            TrainingGroup(**vars(unscored), advantages=(None,), credit=(TokenCredit(),)),
        ],
        3,
        run,
        experiment,
    )
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
    assert found["nothing"].info.assessments == []
