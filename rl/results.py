"""What a run measured: stage by stage in summary.json, and at its end in a table, a report and a model folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from rl.config import Config
from rl.console import console, example_panels, say, stage_table
from rl.evaluation import Evaluation, Example, baselines
from rl.preparation import Splits
from rl.report import write_report
from rl.run_directory import RunDirectory, advanced, write_atomically, write_folder
from rl.team import evaluated_rows
from rl.tracking import Tracker

if TYPE_CHECKING:
    from rl.train import Run


class Results:
    """Measures by stage, baselines, seconds by phase; kept in summary.json as they come."""

    def __init__(self, config: Config, directory: RunDirectory, tracker: Tracker, summary: dict[str, Any]) -> None:
        self.config, self.directory, self.tracker = config, directory, tracker
        self.summary = summary
        self.examples = [Example(**e) for e in summary.get("examples", [])]
        self.drawn_tokens: float | None = None
        """By the engines in a second, once a stage has been measured in this process."""

    @classmethod
    def open(cls, config: Config, directory: RunDirectory, splits: Splits, tracker: Tracker) -> Results:
        """New, or what an interrupted run had measured."""
        if directory.summary_file.is_file():
            return cls(config, directory, tracker, directory.summary())
        rows = [splits.test[i] for i in evaluated_rows(config.evaluation.rows, splits.test)]
        chance, majority = baselines(rows)
        empty = {"stages": {}, "chance": chance, "majority": majority, "seconds": {}, "seed": config.seed, "examples": []}
        return cls(config, directory, tracker, empty)

    def parameters(self) -> dict[str, Any]:
        """The resolved config, flat, for a tracker."""
        return dict(_flat(OmegaConf.to_container(OmegaConf.structured(self.config))))

    def stage(self, name: str, evaluation: Evaluation) -> None:
        """Keep what a stage measured."""
        self.summary["stages"][name] = evaluation.measures
        self.examples = list(evaluation.examples)
        self.summary["examples"] = [asdict(e) for e in self.examples]
        self.save()
        self.directory.log_metrics({"phase": "evaluate", "stage": name, "metrics": evaluation.measures})
        self.tracker.log({f"test/{name}/{key}": value for key, value in evaluation.measures.items()}, 0)
        shown = {k: v for k, v in evaluation.measures.items() if k in ("root_accuracy", "leaf_f1", "structure", "tree_edit")}
        say(f"held-out after {name}: " + " ".join(f"{key} {100 * value:.1f}" for key, value in shown.items()))

    def note_pace(self, stage: str, rows: int) -> None:
        """Take the only stage that has been measured, on so many rows, for the engines' pace."""
        self.drawn_tokens = rows * self.summary["stages"][stage]["length"] / self.summary["seconds"]["evaluate"]

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the block's seconds to a phase."""
        began = time.perf_counter()
        yield
        seconds = self.summary["seconds"]
        seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - began

    def save(self) -> None:
        write_atomically(self.directory.summary_file, json.dumps(self.summary, indent=1))

    def show(self) -> None:
        for panel in example_panels(self.examples):
            console.print(panel)
        console.print(stage_table(self.summary["stages"], self.summary["chance"], self.summary["majority"]))


def best_so_far(run: Run) -> dict[str, float]:
    """Measure the val split; keep the learner's state if it is the best yet. Returns metrics."""
    with run.results.timed("validate"):
        reward, measures = run.team.validate(run.splits.val, run.progress.step)
        if run.config.evaluation.keep_best and (run.progress.best is None or reward > run.progress.best):
            run.progress = advanced(run.progress, best=reward, best_step=run.progress.step)
            write_folder(run.directory.best(run.progress.step), lambda folder: run.team.learners.call("save_state", str(folder)))
    return {"val/reward": reward, **{f"val/{key}": value for key, value in measures.items()}}


def conclude(run: Run) -> None:
    """Evaluate what GRPO made of the model, write it out, and show and attach the results."""
    directory, team, results = run.directory, run.team, run.results
    if run.config.grpo.steps:
        if run.progress.best_step not in (0, run.progress.step):
            team.learners.load_state(str(directory.best(run.progress.best_step)))
            run.progress = advanced(run.progress, version=run.progress.version + 1)
            say(f"taking the weights of step {run.progress.best_step}, the best on the val split")
            team.load(run.progress.version)
        with results.timed("evaluate"):
            results.stage("grpo", team.evaluate(run.splits.test, "grpo"))
    write_folder(directory.model, lambda folder: team.learners.call("save_model", str(folder)))
    if reasoning := run.config.evaluation.reasoning:
        with results.timed("evaluate"):
            results.stage("reasoned", team.evaluate_reasoned(run.splits.test, "reasoned", reasoning))
    results.save()
    write_report(directory)
    for file in (directory.config_file, directory.summary_file, directory.report_file, directory.metrics_file):
        run.tracker.artifact(file)
    results.show()
    say(f"model: {directory.model}")
    say(f"report: {directory.report_file}")


def _flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
