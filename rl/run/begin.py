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
from rl.run.workers import launch
from rollout.mixing import evaluated_rows


@contextmanager
def begin(config: Config, directory: RunDirectory, splits: Splits) -> Iterator[Run]:
    """A run with all its workers; its tracker is told how it ended."""
    grpo = config.grpo
    estimate = Estimator(FunctionSpec(grpo.estimator, grpo.estimator_parameters))
    credit = credit_rule(FunctionSpec(grpo.credit, grpo.credit_parameters))
    tracker = Tracker(config, directory, warn)
    evaluated = [splits.test[index] for index in evaluated_rows(config.evaluation.rows, splits.test)]
    results = Results.open(config, directory, evaluated, tracker)
    try:
        with launch(config, directory, splits) as workers:
            tracker.start(results.parameters() | {f"scorer_sha256.{k}": v for k, v in workers.scorer_hashes.items()})
            yield Run(config, directory, splits, tracker, results, workers, estimate, credit)
    except BaseException as error:
        tracker.finish("KILLED" if interrupt_of(error) else "FAILED")
        raise
    tracker.finish()
