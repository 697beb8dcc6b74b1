"""The beginning and the end of a run: what it works with is started, and whatever happens is told and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rewards.plugins.spec import FunctionSpec
from rl.algo.credit import credit_rule
from rl.algo.estimators import Estimator
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.directory import RunDirectory
from rl.record.interrupts import interrupt_of
from rl.record.results import Results
from rl.record.tracking import Tracker
from rl.run.preparation import Splits
from rl.run.state import Run
from rl.run.workers import Workers, launch
from rollout.mixing import evaluated_rows


@contextmanager
def begin(config: Config, directory: RunDirectory, splits: Splits) -> Iterator[Run]:
    """A run with all its workers; its tracker is told how it ended."""
    tracker = Tracker(config, directory, warn)
    try:
        with launch(config, directory, splits) as workers:
            run = run_with(config, directory, splits, tracker, workers)
            hashes = {f"scorer_sha256.{name}": sha for name, sha in workers.scorer_hashes.items()}
            tracker.start(run.results.parameters() | hashes)
            yield run
    except BaseException as error:
        tracker.finish("KILLED" if interrupt_of(error) else "FAILED")
        raise
    tracker.finish()


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
