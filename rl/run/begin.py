"""The beginning and the end of a run: what it works with is started, and whatever happens is told and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rewards.plugins.spec import FunctionSpec
from rl.algo.credit import credit_rule
from rl.algo.estimators import Estimator
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.interrupts import interrupt_of
from rl.record.model_card.software import software
from rl.record.results import Results
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import RunLost
from rl.record.tracking.ending import ending_of, note_beginning, note_ending
from rl.record.tracking.parameters import note_stage_steps, run_parameters
from rl.record.tracking.tracker import Tracker
from rl.run.preparation import Splits
from rl.run.sft import with_steps
from rl.run.state import Run
from rl.run.workers import Workers, launch
from rollout.rows.mixing import evaluated_rows


@contextmanager
def begin(config: Config, directory: RunDirectory, splits: Splits) -> Iterator[Run]:
    """A run with all its workers; its tracker is told how it ended."""
    tracker = Tracker(config, directory, warn)
    note_beginning(directory)
    directory.remember(software=software())
    try:
        with launch(config, directory, splits) as workers:
            config = with_steps(config, workers.splits.train)
            run = run_with(config, directory, workers.splits, tracker, workers)
            note_stage_steps(config, directory)
            tracker.start(run_parameters(config, directory))
            tracker.running()
            with run.writer:
                yield run
    except RunLost:
        raise
    except BaseException as error:
        end(directory, tracker, "KILLED" if interrupt_of(error) else "FAILED")
        raise
    end(directory, tracker, "FINISHED")


def end(directory: RunDirectory, tracker: Tracker, status: str) -> None:
    """Note how a run ended, and tell MLflow, which is brought up to date before unless the run was killed and has little time."""
    note_ending(directory, status)
    if status != "KILLED":
        tracker.catch_up()
    tracker.finish(ending_of(directory))


def run_with(config: Config, directory: RunDirectory, splits: Splits, tracker: Tracker, workers: Workers) -> Run:
    """A run of workers that are ready, at its beginning."""
    grpo, rows = config.grpo, splits.test
    evaluated = [rows[index] for index in evaluated_rows(config.evaluation.rows, rows)]
    return Run(
        config,
        directory,
        splits,
        tracker,
        Results.open(config, directory, evaluated, tracker),
        workers,
        Estimator(FunctionSpec(grpo.estimator, grpo.estimator_parameters)),
        credit_rule(FunctionSpec(grpo.credit, grpo.credit_parameters)),
    )
