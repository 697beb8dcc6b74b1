"""A run's folder with something in every file that MLflow is told of, and what MLflow has of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from rewards.sample import Reward
from rl.commands.track import sync
from rl.config.load import load_config
from rl.record.rollouts import write_rollouts
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.ending import note_ending
from rl.record.tracking.points import evaluations_of, points_of
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, prompt, scored

STEPS, GROUPS = 3, 2


@dataclass(frozen=True)
class Held:
    """What MLflow has of a run."""

    run_id: str
    experiment: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    points: Counter[tuple[str, int, int, float]]
    """(name, step, milliseconds, value) -> how often."""
    traces: Counter[tuple[str, str, float]]
    """(step, completion, reward as feedback) -> how often."""
    files: list[str]


def recorded_run(folder: Path, uri: str | None = None, name: str = "run") -> RunDirectory:
    """A run that was tuned for two steps, then learned for three, and was measured; it is not in MLflow."""
    words = ["model.init=tiny", "grpo.mix={rationale: 1}", "rewards.scorers={leaf: {spec: leaf_f1}}", "seed=7"]
    words += [f"name={name}", f"runs={folder}", f"tracking.traces={GROUPS}", *([f"tracking.uri={uri}"] if uri else [])]
    run = RunDirectory.create(load_config(None, words, files=False))
    run.remember(scorers={"leaf": "ab12"})
    run.summary_file.write_text('{"decoder": "av 1"}')
    run.report_file.write_text("<html>")
    run.metrics.append({"phase": "evaluate", "stage": "init", "metrics": {"root_accuracy": 0.25}})
    for step in (1, 2):
        run.metrics.append({"phase": "tune", "step": step, "stage": "all", "metrics": {"tune/loss": 1 / step}})
    for step in range(1, STEPS + 1):
        learn_step(run, step)
    run.metrics.append({"phase": "evaluate", "stage": "grpo", "metrics": {"root_accuracy": 0.75}})
    evaluations_of(run).append({"phase": "eval", "step": 1_700_000_000, "metrics": {"eval/ECE": 0.1}})
    note_ending(run, "FINISHED")
    return run


def groups_of(step: int, words: str = "") -> list[TrainingGroup]:
    """Three groups of two samples."""
    made = []
    for place in range(3):
        rewards = [Reward(step + place / 10, {"leaf": 0.5}), Reward(0.0)]
        answers = scored(group([f"{step}.{place}{words}", "another"], prompt(f"{step}-{place}", tree="<tree>")), rewards)
        made.append(TrainingGroup(**vars(answers), advantages=(1.0, -1.0), credit=(TokenCredit(),) * 2))
    return made


def learn_step(run: RunDirectory, step: int, words: str = "", value: float = 0.5) -> dict[str, Any]:
    """Record a GRPO step; returns its line."""
    write_rollouts(run.rollouts / f"step_{step}.parquet", step, step, groups_of(step, words), [0, 1, 2])
    return run.metrics.append({"phase": "grpo", "step": step, "metrics": {"reward/mean": value, "val/reward": 0.25}})


def synced(run: RunDirectory, *words: str) -> Held:
    """What MLflow has after `affectree track sync`, for which a second one changes nothing."""
    sync(run.path, list(words))
    once = held(run)
    sync(run.path, list(words))
    assert held(run) == once
    return once


def held(run: RunDirectory) -> Held:
    """What MLflow has of a run."""
    state = run.state()
    client = MlflowClient(tracking_uri=state["mlflow_uri"])
    found = client.get_run(state["mlflow_run_id"])
    run_id, experiment = found.info.run_id, found.info.experiment_id
    points = Counter(
        (key, point.step, point.timestamp, point.value)
        for key in found.data.metrics
        for point in client.get_metric_history(run_id, key)
    )
    traces = Counter(
        (trace.info.tags["affectree.step"], trace.data.spans[0].outputs["completion"], feedback.value)
        for trace in client.search_traces(locations=[experiment], run_id=run_id, max_results=100)
        for feedback in trace.info.assessments
        if feedback.name == "reward"
    )
    files = sorted(file.path for file in client.list_artifacts(run_id))
    name = client.get_experiment(experiment).name
    return Held(run_id, name, found.info.status, found.data.params, found.data.tags, points, traces, files)


def assert_whole(run: RunDirectory, found: Held) -> None:
    """MLflow has all of a recorded run, and nothing twice."""
    lines = [*run.metrics.read(), *evaluations_of(run).read()]
    assert found.points == Counter(tuple(point) for line in lines for point in points_of(line))
    assert found.points.total() == 2 + 2 + 2 * STEPS + 1
    assert found.traces == Counter(
        (f"{n}", f"{n}.{place}", n + place / 10) for n in range(1, STEPS + 1) for place in range(GROUPS)
    )
    assert found.files == ["config.yaml", "metrics.jsonl", "report.html", "summary.json"]
    assert {key: found.params[key] for key in ("seed", "scorer_sha256.leaf", "decoder")} == {
        "seed": "7",
        "scorer_sha256.leaf": "ab12",
        "decoder": "av 1",
    }
    assert len(found.params) > 100
    assert found.status == "FINISHED"
    assert found.tags["affectree.run_directory"] == str(run.path)
