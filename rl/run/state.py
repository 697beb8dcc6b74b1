"""A run: what its phases share, and how what they did is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from actors.learners.group import LearnerGroup
from actors.sync.weight_sync import Synced
from rl.algo.credit import CreditRule
from rl.algo.estimators import Estimator
from rl.config.schema import Config
from rl.record.background import BackgroundWriter
from rl.record.console import say
from rl.record.files import write_folder
from rl.record.metrics import step_line
from rl.record.results import Results
from rl.record.rollouts import write_rollouts
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress
from rl.record.time_left import Phase
from rl.record.tracking.tracker import Tracker
from rl.run.forecast import AFTER_STEPS, forecast
from rl.run.preparation import Splits
from rl.run.sft import SftStep
from rl.run.workers import Workers
from rollout.samples import TrainingGroup


@dataclass
class Run:
    """What the phases of a run share."""

    config: Config
    directory: RunDirectory
    splits: Splits
    tracker: Tracker
    results: Results
    workers: Workers
    estimate: Estimator
    credit: CreditRule
    progress: Progress = field(default_factory=Progress)
    writer: BackgroundWriter = field(default_factory=BackgroundWriter)
    """Writes what need not be there before the next step begins."""

    @property
    def learners(self) -> LearnerGroup:
        """The learner ranks among its workers."""
        return self.workers.learners

    def load_checkpoint(self) -> bool:
        """Go on from the last checkpoint; what was written after it is forgotten. Returns whether there is one."""
        last = self.directory.checkpoints.last()
        if last is not None:
            self.progress = last.progress
            if last.has_state:
                self.workers.learners.load_state(last.folder)
            else:  # of a fork that begins GRPO from the tuned model
                self.workers.learners.restart(self.directory.tuned_model)
            self.estimate.memory.update(self.progress.estimator)
        dropped = self.directory.forget_after(self.progress)
        self.results.reread()
        self.tracker.catch_up()
        if last is not None:
            say(f"going on after {self.progress.phase} step {self.progress.step} ({dropped} later metric lines dropped)")
        elif dropped:
            say(f"beginning anew, since there is no checkpoint (checkpoints.tune_every; {dropped} metric lines dropped)")
        return last is not None

    def sync(self, new: bool = False) -> Synced:
        """Have all engines take the learner's weights, and check that both agree. `new` weights get the next version."""
        synced = self.workers.sync.sync(self.progress.version + new)
        self.progress = replace(self.progress, version=synced.report.version)
        return synced

    def checkpoint(self) -> None:
        """Write a checkpoint, from which the run can go on; what its steps have done is written before."""
        self.writer.flush()
        self.progress = replace(self.progress, estimator=self.estimate.memory)
        needs, keep = self.directory.needs(self.progress), self.config.checkpoints.keep
        self.directory.checkpoints.save(self.progress, self.workers.learners.save_state, keep, needs)
        self.directory.drop_other_bests()

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is due after the present step; the end of tuning and of GRPO have one in any case."""
        return self.checkpoint_comes_after(self.progress.step)

    def checkpoint_comes_after(self, step: int) -> bool:
        """Whether a checkpoint is due after a step of the present phase."""
        checkpoints = self.config.checkpoints
        if self.progress.phase == "tune":
            return is_due(step, checkpoints.tune_every)
        return is_due(step, checkpoints.every) or step == self.config.grpo.steps

    def restart_from_tuned(self) -> None:
        """Write the tuned model and begin GRPO from it: engines and learner then have the same weights to the last bit."""
        learners, folder = self.workers.learners, self.directory.tuned_model
        write_folder(folder, learners.save_model)
        learners.restart(folder)
        self.sync()
        self.progress = Progress("grpo", 0, self.progress.version)

    def record_sft(self, step: SftStep, metrics: Mapping[str, float], shown: Phase) -> None:
        """Write down a supervised step: metrics.jsonl first, then the console, and MLflow in the background."""
        self.progress = replace(self.progress, step=step.number)
        line = self.directory.metrics.append({"phase": "tune", "step": step.number, "stage": step.stage, "metrics": metrics})
        self.writer.put("to MLflow", partial(self.tracker.log, line, flush=False))
        shown.step(f"{step.stage} | loss {metrics['tune/loss']:.3f} | {metrics['tune/seconds']:.2f} s/step")
        if step.number == AFTER_STEPS and self.results.drawn_tokens and shown.left.seconds_a_step:
            say(forecast(self.config, self.results.drawn_tokens, shown.left.seconds_a_step))

    def record(self, groups: Sequence[TrainingGroup], version: int, metrics: Mapping[str, float], shown: Phase) -> None:
        """Write down a GRPO step: metrics.jsonl first, then the console; rollouts and MLflow in the background.

        Args:
            groups: the step's.
            version: learned from them.
            metrics: the step's.
            shown: is told of the step.
        """
        step = self.progress.step
        shown.step()
        line = self.directory.metrics.append({"phase": "grpo", "step": step, "metrics": metrics})
        places = self.splits.train.places[[group.prompt.row.index for group in groups]]
        file = self.directory.rollouts / f"step_{step}.parquet"
        self.writer.put(str(file), partial(write_rollouts, file, step, version, groups, places))
        self.writer.put("to MLflow", partial(self._track, groups, line))
        say(" | ".join(filter(None, (step_line(step, self.config.grpo.steps, metrics), str(shown.left)))))

    def _track(self, groups: Sequence[TrainingGroup], line: Mapping[str, Any]) -> None:
        self.tracker.log(line)
        self.tracker.trace(groups, line)


def is_due(step: int, every: int) -> bool:
    """Whether something that happens every so many steps happens after this one; never if `every` is 0."""
    return every > 0 and step % every == 0
