"""The replay itself: learner ranks that learn from one recorded step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ray.exceptions import RayTaskError

from actors.cluster import wait_ready
from actors.learners.group import LearnerGroup
from rewards.plugins.spec import FunctionSpec
from rl.algo.credit import CreditRule, credit_rule
from rl.algo.estimators import Estimator
from rl.config.rates import learning_rate
from rl.config.schema import Config
from rl.learner.comparing import difference_from
from rl.learner.spec import LearnerSpec
from rl.record.console import say, warn
from rl.record.rollouts import read_rollouts
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress
from rl.run.learning import advantage, learn
from rl.run.replay.asked import Asked
from rl.run.replay.figures import ReplayedStep, replayed_step
from rl.run.replay.prompts import prompts_of
from rl.run.replay.scoring import Scoring
from rl.run.replay.settings import Settings
from rl.run.specs import learner_spec
from rollout.rows.data import RowData


@dataclass
class Replay:
    """What learns from recorded steps; it is to `rl.run.learning` what a run is."""

    directory: RunDirectory
    settings: Settings
    rows: RowData
    scoring: Scoring | None
    """None where rewards are as recorded."""
    learners: LearnerGroup
    config: Config
    """What the next step is learned from with."""
    estimate: Estimator
    credit: CreditRule
    progress: Progress

    def use(self, config: Config) -> None:
        """Go on with the objective of another configuration. What the estimator remembers stays."""
        self.config = config
        self.estimate = Estimator(_estimator(config), self.estimate.memory)
        self.credit = credit_rule(_credit(config))
        self.learners.pursue(_spec(config, self.directory))
        self.learners.load_reference(self.directory.tuned_model)

    def learn_from(self, step: int, anew: bool) -> ReplayedStep:
        """Learn from a recorded step.

        Args:
            step: its number.
            anew: with rewards given anew, and by the learning rates of the settings, where these are others; else as it was.

        Raises:
            RolloutsError: if its file cannot be read.
            OtherRows: if its prompts cannot be made again.
        """
        recorded = read_rollouts(self.directory.rollouts / f"step_{step}.parquet")
        prompts = prompts_of(recorded, self.rows, self.learners.encode)
        score = self.scoring.score if self.scoring and anew else lambda group, prompt: group.asked(prompt)
        scored = [score(group, prompt) for group, prompt in zip(recorded.groups, prompts, strict=True)]
        line = self._line(step)
        rate = line.get("learner/learning_rate")
        if rate is None or (anew and self.settings.other_rates):
            rate = learning_rate(self.config.grpo, step)
        self.progress = replace(self.progress, step=step, version=recorded.version)
        groups = advantage(self, scored)
        updated = learn(self, groups, rate)
        return replayed_step(recorded, groups, updated, rate, line, self.config.grpo.staleness)

    def _line(self, step: int) -> dict[str, float]:
        """The metrics that the run has recorded of a step; none if it has not come to that yet."""
        lines = (line for line in self.directory.metrics.lines() if line["phase"] == "grpo" and line["step"] == step)
        found: dict[str, float] = next((line["metrics"] for line in lines), {})
        return found


def replayed_steps(asked: Asked, replaying: Replay) -> Iterator[ReplayedStep]:
    """Learn from the steps that are asked for, from those before them first where the state before them is not kept."""
    if asked.between:
        say(
            f"the state before step {asked.steps[0]} is not kept: from {asked.begin.folder.name} on, recorded steps are learned "
            f"from as they were, beginning with step {asked.between[0]}"
        )
    for step in asked.between:
        replaying.learn_from(step, anew=False)
        say(f"step {step} is learned from")
    if asked.between and replaying.settings.changes:
        replaying.use(replaying.settings.replayed)
    for step in asked.steps:
        yield replaying.learn_from(step, anew=True)


@contextmanager
def begun(directory: RunDirectory, asked: Asked, settings: Settings, rows: RowData, scoring: Scoring | None) -> Iterator[Replay]:
    """Start the learner ranks in the state that the replay begins from, and stop them at the end."""
    config = settings.replayed
    if asked.between:
        config = replace(config, grpo=settings.recorded.grpo, rewards=settings.recorded.rewards)
    estimate, credit = Estimator(_estimator(config)), credit_rule(_credit(config))
    timeout, learner, checkpoint = config.cluster.start_timeout, config.learner, asked.begin.checkpoint
    with ExitStack() as started:
        learners = LearnerGroup(learner.ranks, learner.cpus, learner.gpus)
        started.callback(learners.shutdown)
        wait_ready("room for the learner ranks", [learners.room()], timeout)
        learners.place()
        wait_ready("the learner ranks", learners.start(_spec(config, directory)), timeout)
        if checkpoint is not None:
            load(learners, checkpoint.folder)
            estimate.memory.update(checkpoint.progress.estimator)
        elif config.model.lora:
            warn("no checkpoint of step 0: the adapters begin with other random numbers than the run's, so that updates differ")
        learners.load_reference(directory.tuned_model)
        say("learner ranks are ready")
        progress = Progress("grpo", asked.begin.step)
        yield Replay(directory, settings, rows, scoring, learners, config, estimate, credit, progress)


def load(learners: LearnerGroup, checkpoint: Path) -> None:
    """Have the learner ranks load a checkpoint. Raises `RunError` if the run, which may be going on, has removed it meanwhile."""
    try:
        learners.load_state(checkpoint)
    except RayTaskError as error:
        if not checkpoint.is_dir():
            raise RunError(f"{checkpoint}: the run removed it while it was read (checkpoints.keep); ask again") from error
        raise


def weight_difference(directory: RunDirectory, step: int, learners: LearnerGroup, timeout: float) -> str:
    """How far the learner's weights are from those of the run's checkpoint of a step, in words. The ranks have the run's
    afterwards."""
    checkpoint = directory.checkpoints.at("grpo", step)
    (difference, *_) = learners.run(difference_from, str(checkpoint.folder), timeout=timeout)
    return f"weights after step {step}: largest difference from the run's checkpoint {difference:.1e}"


def _spec(config: Config, directory: RunDirectory) -> LearnerSpec:
    return learner_spec(config, str(directory.tuned_model))


def _estimator(config: Config) -> FunctionSpec:
    return FunctionSpec(config.grpo.estimator, config.grpo.estimator_parameters)


def _credit(config: Config) -> FunctionSpec:
    return FunctionSpec(config.grpo.credit, config.grpo.credit_parameters)
