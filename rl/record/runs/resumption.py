"""A run that goes on: with the settings that it has, or with some that may be others."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.plugins.spec import read_source
from rl.config.changes import Change, changes
from rl.config.going_on import not_on_resume
from rl.config.lengths import Done, length_problems, rates_told, with_restarts
from rl.config.load import ConfigError
from rl.config.paths import absolute
from rl.config.saved import what, with_words
from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.earlier_results import keep_earlier
from rl.record.runs.errors import RunError
from rl.record.runs.history import session, with_session
from rl.record.runs.progress import Progress


class NotThisRun(RunError):
    """Settings that would make another run of one; the message names them, why, and the command that begins a run with them."""


@dataclass(frozen=True)
class Resumption:
    """A run as it is to go on."""

    directory: RunDirectory
    config: Config
    as_given: Config
    """The same, with paths as they were typed."""
    progress: Progress
    """Of the checkpoint that it goes on from; at its beginning if there is none."""
    changes: Sequence[Change]
    words: Sequence[str]
    told: Sequence[str]
    """What becomes of the learning rate, where a length is another."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return finished_steps(self.directory) == self.config.grpo.steps and self.directory.model.is_dir()

    def keep(self) -> None:
        """Write the settings into the run's folder, and that it was resumed. Only for the run's owner."""
        directory = self.directory
        state, former = directory.state(), finished_steps(directory)
        if former is not None and former != self.config.grpo.steps:
            keep_earlier(directory, former)
            directory.remember(finished=None)
        if self.changes:
            directory.write_config(directory.placed(self.as_given))
        directory.remember(history=with_session(state, session("resumed", self.progress, self.changes, self.words)))


def note_finished(directory: RunDirectory, config: Config) -> None:
    """Keep that a run has done all that its configuration asks for."""
    directory.remember(finished={"grpo_steps": config.grpo.steps})


def finished_steps(directory: RunDirectory) -> int | None:
    """How many GRPO steps a run had when it was finished; None if it is not."""
    finished = directory.state().get("finished")
    return None if finished is None else finished["grpo_steps"]


def resumed(path: Path, words: Sequence[str] = ()) -> Resumption:
    """A run that is to go on, with all that will be read later checked now, before anything is started.

    Args:
        path: the run's folder.
        words: `key=value` of the command line.

    Raises:
        NotThisRun: for settings that may not be others.
        RunError: if the folder is not a run's, or damaged.
        ConfigError: for settings that cannot be used.
    """
    directory, config = RunDirectory.resume(path, words)
    last = directory.checkpoints.last()
    progress = last.progress if last else Progress()
    if not words:
        return Resumption(directory, config, config, progress, (), (), ())
    done = done_at(progress, directory.metrics.read())
    given, typed = with_words(directory.config_file, words)
    kept = directory.sources.read()

    def moved(change: Change) -> bool:
        one = kept.get(change.key)
        return one is not None and _text_of(str(change.new)) in {one.sha256[:12], *(name[-12:] for name in one.former)}

    if refused := list(not_on_resume(config, absolute(given, Path.cwd()), done, moved)):
        raise NotThisRun(_refusal(path, refused, words))
    given = with_restarts(config, given, done)
    new = absolute(given, Path.cwd())
    if problems := list(length_problems(new, done)):
        raise ConfigError(problems, what(directory.config_file))
    if not (found := changes(config, new)):
        given = new = config
    directory.check_files(new, typed)
    return Resumption(directory, new, given, progress, found, words, tuple(rates_told(config, new, done)))


def done_at(progress: Progress, lines: Iterable[Mapping[str, Any]]) -> Done:
    """What has been done at a checkpoint.

    Args:
        progress: of the checkpoint.
        lines: of metrics.jsonl, which may hold those of later steps.
    """
    steps = [line for line in lines if line.get("phase") == progress.phase and progress.includes(progress.phase, line["step"])]
    stages: dict[str, int] = {}
    for line in steps:
        if progress.phase == "tune":
            stages[line["stage"]] = stages.get(line["stage"], 0) + 1
    name = "tune/learning_rate" if progress.phase == "tune" else "learner/learning_rate"
    rate = steps[-1]["metrics"].get(name) if steps else None
    return Done(progress.phase, progress.step, stages, rate)


def _text_of(target: str) -> str | None:
    """The beginning of the hash of the file that a function is named with; None for a name without one."""
    source = read_source("function", target)
    return source.sha256[:12] if source else None


def _refusal(path: Path, refused: Sequence[tuple[Change, str]], words: Sequence[str]) -> str:
    listed = [f"{change}: {why}" for change, why in refused]
    told = f" {listed[0]}" if len(listed) == 1 else "".join(f"\n  - {one}" for one in listed)
    command = shlex.join(["affectree", "train", "--fork", str(path), *words])
    return f"{path} would be two runs in one with other settings; `{command}` begins a run of its own with them:{told}"
