"""Which steps are replayed, and what they begin from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rewards.errors import UserError
from rl.record.rollouts import steps_in
from rl.record.runs.checkpoints import Checkpoint
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError

_RANGE = re.compile(r"(\d*):(\d*)|(\d+)")


@dataclass(frozen=True)
class Begin:
    """The state of the learner that a replay begins from."""

    step: int
    """GRPO steps that are done there."""
    folder: Path
    """Of the checkpoint, or of the tuned model."""
    checkpoint: Checkpoint | None
    """None for the tuned model with a new optimizer, which is how GRPO begins."""


@dataclass(frozen=True)
class Asked:
    """The steps of a replay."""

    begin: Begin
    between: range
    """Steps that are learned from as they were, to come to the state before the first one that is asked for."""
    steps: range


def asked_steps(directory: RunDirectory, text: str | None) -> Asked:
    """What a word such as `3`, `3:5`, `:5` or `3:` asks of a run; its last step if there is no word. Both ends are included.

    Raises:
        UserError: for a word that is none of these.
        RunError: if the run has no rollouts of one of the steps, or nothing to begin from.
    """
    there = steps_in(directory.rollouts)
    if not there:
        raise RunError(f"{directory.rollouts}: there are no rollouts to replay; GRPO has not done a step")
    steps = _range(text, there)
    if steps[-1] > there[-1]:
        raise RunError(f"{directory.rollouts}: no rollouts of step {steps[-1]}; there are those of {_listed(there)}")
    begin = _begin(directory, steps[0])
    between = range(begin.step + 1, steps[0])
    if missing := [step for step in (*between, *steps) if step not in there]:
        why = f", which lies between {begin.folder.name} and the steps asked for" if missing[0] in between else ""
        raise RunError(f"{directory.rollouts}: no rollouts of step {missing[0]}{why}; there are those of {_listed(there)}")
    return Asked(begin, between, steps)


def _range(text: str | None, there: list[int]) -> range:
    if text is None:
        return range(there[-1], there[-1] + 1)
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise UserError(f"--steps {text}: must be a step or a range of steps, such as 3, 3:5, :5 or 3:")
    first, last = (match[3], match[3]) if match[3] else (match[1] or there[0], match[2] or there[-1])
    if not 1 <= int(first) <= int(last):
        raise UserError(f"--steps {text}: steps count from 1, and the first comes before the last, such as 3:5")
    return range(int(first), int(last) + 1)


def _begin(directory: RunDirectory, first: int) -> Begin:
    """The newest state before a step."""
    names = [folder.name.partition("_") for folder in directory.checkpoints.folders()]
    done = [int(step) for phase, _, step in names if phase == "grpo" and int(step) < first]
    if done:
        checkpoint = directory.checkpoints.at("grpo", max(done))
        return Begin(checkpoint.progress.step, checkpoint.folder, checkpoint)
    if not directory.tuned_model.is_dir():
        raise RunError(f"{directory.tuned_model}: no such folder, and no checkpoint from before step {first} is left")
    return Begin(0, directory.tuned_model, None)


def _listed(steps: list[int]) -> str:
    """Numbers as ranges: 1 to 4, 6."""
    starts = [step for step in steps if step - 1 not in steps]
    ends = [step for step in steps if step + 1 not in steps]
    return ", ".join(str(start) if start == end else f"{start} to {end}" for start, end in zip(starts, ends, strict=True))
