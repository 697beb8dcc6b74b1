"""A run that begins at a checkpoint of another, its parent, with settings that may be others. The parent is not written to."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rl.config.changes import Change, changes
from rl.config.going_on import not_in_fork
from rl.config.lengths import length_problems, rates_told, with_restarts
from rl.config.load import ConfigError, check
from rl.config.paths import absolute
from rl.config.saved import with_words
from rl.config.schema import Config
from rl.record.checks import BY_STAGE
from rl.record.files import write_atomically
from rl.record.runs.checkpoints import Checkpoint
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.history import session
from rl.record.runs.progress import PHASES, Progress
from rl.record.runs.resumption import done_at
from rl.record.shared_folders import share_folder

_NAME = re.compile(rf"(?:({'|'.join(PHASES)})_)?(\d+)")
_MEASURED_BY = ("evaluation.rows", "evaluation.max_tokens", "evaluation.structured", "data.")
_VALIDATED_BY = ("evaluation.val_rows", "evaluation.max_tokens", "evaluation.structured", "evaluation.every", "data.", "rewards.")
"""How keys begin of the settings by which rows of test and of val are measured."""


@dataclass(frozen=True)
class Fork:
    """A run that is to begin at a checkpoint of another."""

    parent: RunDirectory
    config: Config
    progress: Progress
    state: Path | None
    """The folder of the parent's checkpoint with the learner's state; None if GRPO is to begin from the tuned model."""
    changes: Sequence[Change]
    words: Sequence[str]
    told: Sequence[str]
    """What becomes of the learning rate, and of what the parent has measured."""

    @property
    def draws(self) -> bool:
        """Whether a data set that is not there may be drawn: for other settings of the data than the parent's."""
        return _differ(self.changes, ("data.",))

    def make(self) -> RunDirectory:
        """Make the run's folder: it is whole, or not there.

        Raises:
            RunError: if the parent's checkpoint or model is gone by now.
        """
        try:
            return RunDirectory.create(self.config, self._fill)
        except FileNotFoundError as error:
            gone = [folder for folder in self._sources if not folder.is_dir()]
            if not gone:
                raise
            there = ", ".join(folder.name for folder in self.parent.checkpoints.folders()) or "none"
            raise RunError(
                f"{gone[0]}: is gone by now, as checkpoints of a run that goes on are (checkpoints.keep); there are {there}"
            ) from error

    @property
    def _needed(self) -> list[Path]:
        """The folders of the parent that the checkpoint needs beside it."""
        best = [self.parent.best(self.progress.best_step)] if self.progress.best_step else []
        models = [self.parent.initial_model] if self.config.model.init == "tiny" else []
        return [*models, *best, *([self.parent.tuned_model] if self.progress.phase == "grpo" else [])]

    @property
    def _sources(self) -> list[Path]:
        """All folders of the parent that go along."""
        return [*self._needed, *([] if self.state is None else [self.state])]

    def _fill(self, run: RunDirectory) -> None:
        """Put into a new folder what the parent has done up to the checkpoint."""
        needed = {folder: run.path / folder.name for folder in self._needed}
        for source, folder in needed.items():
            share_folder(source, folder)
        if self.parent.sources.path.is_dir():
            shutil.copytree(self.parent.sources.path, run.sources.path)

        def write(folder: Path) -> None:
            if self.state is not None:
                share_folder(self.state, folder, leave=("progress.json", "files.json"))

        run.checkpoints.save(self.progress, write, keep=1, needs=[*needed.values()])
        alike = not _differ(self.changes, _MEASURED_BY)
        lines = [line for line in self.parent.metrics.read() if _went_before(line, self.progress, alike)]
        write_atomically(run.metrics.path, "".join(json.dumps(line) + "\n" for line in lines))
        if alike and self.parent.summary_file.is_file():
            write_atomically(run.summary_file, json.dumps(_summary(self.parent, self.config, self.progress), indent=1))
        session_now = session("forked", self.progress, self.changes, self.words)
        written = self.parent.state().get("written", {}) | run.state().get("written", {})
        run.remember(parent=self._parent(), history=[session_now.kept()], written=written)

    def _parent(self) -> dict[str, Any]:
        """What run.json says of the parent."""
        state = self.parent.state()
        tracked = {name: state.get(name) for name in ("mlflow_run_id", "mlflow_uri")}
        return {"path": str(self.parent.path), "phase": self.progress.phase, "step": self.progress.step, **tracked}


def forked(path: Path, at: str | None, words: Sequence[str] = ()) -> Fork:
    """A run to begin at a checkpoint of another; nothing is written yet.

    Args:
        path: the parent's folder.
        at: a GRPO step, or the name of a checkpoint; None for the last one.
        words: `key=value` of the command line.

    Raises:
        RunError: if the folder is not a run's, or has no such checkpoint.
        ConfigError: for settings that cannot be used, or that the checkpoint cannot be loaded into.
    """
    parent, config = RunDirectory.open(path)
    parent.restore_config()  # refuses an edited one
    found = checkpoint_at(parent, at)
    begun = found.progress
    whole = (begun.phase, begun.step) != ("grpo", 0)
    done = done_at(begun, parent.metrics.read())
    given, typed = with_words(parent.config_file, words)
    fork = f"a fork of {found.folder}"
    if refused := list(not_in_fork(config, absolute(given, Path.cwd()), done, whole)):
        raise ConfigError([f"{change}: {why}" for change, why in refused], fork)
    given = with_restarts(config, given, done)
    new = absolute(given, Path.cwd())
    problems = list(length_problems(new, done))
    if begun.phase == "grpo" and begun.step >= new.grpo.steps > 0:
        more = "ask for more, or name an earlier checkpoint by --at"
        problems.append(f"grpo.steps = {new.grpo.steps}: step {begun.step} is done here, so that nothing is left; {more}")
    if problems:
        raise ConfigError(problems, fork)
    parent.check_places(new, "affectree train --fork")
    check(new, fork, files=True, words=typed)
    other = changes(config, new)
    if _differ(other, ("grpo.estimator",)):
        begun = replace(begun, estimator={})
    if _differ(other, _VALIDATED_BY) or any(key.startswith("rewards.") for key in parent.sources.changed(new)):
        begun = replace(begun, best=None, best_step=0)
    told = [*rates_told(config, new, done)]
    if _differ(other, _MEASURED_BY):
        told.append("what the parent has measured is left out, since this run measures otherwise")
    return Fork(parent, given if other else config, begun, found.folder if whole else None, other, words, told)


def _differ(found: Sequence[Change], beginnings: tuple[str, ...]) -> bool:
    """Whether a setting differs whose key begins so."""
    return any(change.key.startswith(beginnings) for change in found)


def checkpoint_at(parent: RunDirectory, at: str | None) -> Checkpoint:
    """The checkpoint that is meant; for the beginning of GRPO one that need not be there, since the tuned model is enough."""
    if at is None:
        if (last := parent.checkpoints.last()) is None:
            raise RunError(f"{parent.path}: has no checkpoint yet; begin a run with `affectree train {parent.config_file}`")
        return last
    if (name := _NAME.fullmatch(at)) is None:
        raise RunError(f"--at {at}: must be a GRPO step or the name of a checkpoint, such as 30, grpo_000030 or tune_000120")
    phase, step = name[1] or "grpo", int(name[2])
    if (phase, step) == ("grpo", 0) and parent.tuned_model.is_dir():
        return Checkpoint(parent.tuned_model, Progress("grpo"))
    return parent.checkpoints.at(phase, step)


def _went_before(line: dict[str, Any], progress: Progress, measured: bool) -> bool:
    """Whether a line of metrics.jsonl is of what was done before the checkpoint."""
    if line.get("phase") == "evaluate":
        return measured and progress.includes_evaluation(line["stage"])
    return progress.includes(line["phase"], line["step"])


def _summary(parent: RunDirectory, config: Config, progress: Progress) -> dict[str, Any]:
    """What the parent has measured up to the checkpoint. The seconds that it took are the parent's."""
    summary = parent.summary()
    for table in BY_STAGE:
        summary[table] = {stage: found for stage, found in summary[table].items() if progress.includes_evaluation(stage)}
    return {**summary, "seed": config.seed, "seconds": {}, "examples": []}
