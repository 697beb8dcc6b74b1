"""What becomes of lengths and learning rates when a run goes on with other settings. A rate never jumps unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from rl.algo.schedules import segment, with_length
from rl.config.rates import learning_rate, stage_learning_rate
from rl.config.schema import Config, GrpoConfig


@dataclass(frozen=True)
class Done:
    """What has been done at the checkpoint that a run goes on from."""

    phase: str = "tune"
    """`tune` or `grpo`."""
    step: int = 0
    """Steps of the phase."""
    stages: Mapping[str, int] = field(default_factory=dict)
    """Steps of each tuning stage that has begun, in order."""
    rate: float | None = None
    """The learning rate of the last step, as recorded; None before the first step of a phase."""

    @property
    def tuned(self) -> bool:
        """Whether tuning is over."""
        return self.phase == "grpo"

    @property
    def grpo_steps(self) -> int:
        """GRPO steps that are done."""
        return self.step if self.tuned else 0

    @property
    def stage(self) -> str | None:
        """The stage that is under way, or has just ended; None if tuning has not begun, or is over."""
        return None if self.tuned else next(reversed([*self.stages]), None)


def with_restarts(old: Config, new: Config, done: Done) -> Config:
    """The new configuration with `grpo.restarts` as its number of steps and `grpo.prolong` make them, unless it says others.

    Args:
        old: the configuration so far.
        new: the one to go on with; it is not changed.
        done: what has been done.
    """
    before, after = old.grpo, deepcopy(new)
    if after.grpo.restarts == before.restarts:
        restart = after.grpo.prolong == "restart"
        after.grpo.restarts = with_length(before.restarts, before.steps, after.grpo.steps, done.grpo_steps, restart)
    return after


def stage_may_change(key: str, done: Done) -> bool:
    """Whether a setting is of a stage that has not begun, or is the length of the one that is under way.

    Args:
        key: dotted.
        done: what has been done.
    """
    name = _stage_of(key)
    if name is None or done.tuned:
        return False
    return name not in done.stages or (name == done.stage and key.endswith(f".{name}.steps"))


def begins_alike(old: Config, new: Config, done: Done) -> bool:
    """Whether the stages up to the one that is under way are the same, in the same order: rows are drawn by a stage's place."""
    before, after = [*old.curriculum.stages], [*new.curriculum.stages]
    begun = before.index(done.stage) + 1 if done.stage is not None else 0
    return not done.tuned and before[:begun] == after[:begun]


def stage_over(key: str, done: Done) -> bool:
    """Whether a setting is of tuning that is over, so that a change of it has no effect."""
    if not key.startswith("curriculum."):
        return False
    return done.tuned or (_stage_of(key) in done.stages and _stage_of(key) != done.stage)


def _stage_of(key: str) -> str | None:
    """The stage that a dotted key is of."""
    return key.removeprefix("curriculum.stages.").rpartition(".")[0] if key.startswith("curriculum.stages.") else None


def length_problems(new: Config, done: Done) -> Iterator[str]:
    """A line for each length that is below what has been done."""
    if new.grpo.steps < done.grpo_steps:
        yield f"grpo.steps = {new.grpo.steps}: {done.grpo_steps} steps are done; give as many or more"
    if done.stage is not None:
        stage, steps = new.curriculum.stages.get(done.stage), done.stages[done.stage]
        if stage is not None and stage.steps is not None and stage.steps < steps:
            yield f"curriculum.stages.{done.stage}.steps = {stage.steps}: {steps} steps are done; give as many or more"


def rates_told(old: Config, new: Config, done: Done) -> Iterator[str]:
    """What becomes of the learning rate of what is under way, in a line, if a length or the rate is another."""
    if done.grpo_steps:
        yield from _grpo_rates(old.grpo, new.grpo, done)
    elif done.stage is not None and (before := old.curriculum.stages[done.stage]) is not None:
        after, steps = new.curriculum.stages.get(done.stage), done.stages[done.stage]
        if after is None or after.steps is None or before.steps is None:
            return
        expected, following = (stage_learning_rate(one, steps + 1) if steps < one.length else None for one in (before, after))
        if after.steps != before.steps:
            said = f"the stage {done.stage} has {after.steps} steps now, over which its cosine is stretched"
        elif following != expected:
            said = f"the learning rate of the stage {done.stage} is another"
        else:
            return
        yield f"{said}: {_jump(steps, done.rate, following)}"


def _grpo_rates(old: GrpoConfig, new: GrpoConfig, done: Done) -> Iterator[str]:
    step = done.step
    after = learning_rate(new, step + 1) if step < new.steps else None
    expected = learning_rate(old, step + 1) if step < old.steps else None
    if (old.steps, old.restarts) == (new.steps, new.restarts) and after == expected:
        return
    length = "" if old.steps == new.steps else f"{new.steps} GRPO steps instead of {old.steps}: "
    if anew := sorted(set(new.restarts) - set(old.restarts)):
        first = f"it begins anew after them, at {learning_rate(new, anew[-1] + 1):.3g}"
        said = f"the learning rate of steps up to {anew[-1]} stays as it was to be, and {first} (grpo.prolong=restart)"
    elif length:
        within = segment(max(0, new.steps - 1), new.steps, new.restarts)
        drawn = "stretched" if new.steps > old.steps else "shortened"
        said = f"the cosine of the learning rate is {drawn} to steps {within.start + 1} to {new.steps}"
    else:
        said = "the learning rate is another"
    yield f"{length}{said}; {_jump(step, done.rate, after)}"


def _jump(step: int, last: float | None, following: float | None) -> str:
    """The rates on both sides of the place where a run goes on."""
    had = f"step {step} had {last:.3g}, " if last is not None else ""
    return f"{had}step {step + 1} has {following:.3g}" if following is not None else f"{had}no step is left"
