"""The folder of a run: everything needed to look at it or to go on with it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rewards.files import read_json_object
from rl.config.layers import Word
from rl.config.load import ConfigError, check
from rl.config.paths import Written, absolute, written
from rl.config.places import gone
from rl.config.saved import load_saved, what
from rl.config.schema import Config
from rl.record.checks import BY_STAGE, check_state, check_summary
from rl.record.files import remove_folder, remove_partial, write_atomically, written_aside
from rl.record.runs.checkpoints import Checkpoints
from rl.record.runs.completeness import check_complete
from rl.record.runs.errors import RunError
from rl.record.runs.metrics_file import MetricsFile
from rl.record.runs.progress import Progress
from rl.record.runs.sources import Sources
from rl.record.runs.written_config import config_fact, config_text, refuse_cut_off, restore_edited


class RunDirectory:
    """Paths of a run and the few ways in which its files change."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.config_file = self.path / "config.yaml"
        self.metrics = MetricsFile(self.path / "metrics.jsonl")
        self.summary_file = self.path / "summary.json"
        self.report_file = self.path / "report.html"
        self.state_file = self.path / "run.json"
        self.owners = self.path / "owner"
        self.rollouts = self.path / "rollouts"
        self.checkpoints = Checkpoints(self.path / "checkpoints")
        self.initial_model = self.path / "initial_model"
        self.tuned_model = self.path / "tuned_model"
        self.model = self.path / "model"
        self.sources = Sources(self.path / "sources")
        self.rejects_file = self.path / "rejects.jsonl"
        self.logs = self.path / "logs"

    @classmethod
    def create(cls, config: Config, fill: Callable[[RunDirectory], None] | None = None) -> RunDirectory:
        """A new folder under `config.runs`, named after the run and the time, with the resolved config in it. It is whole or not
        there.

        Args:
            config: of the run.
            fill: puts more into the folder before it has its name.
        """
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
        made = cls(Path(config.runs) / f"{config.name}-{stamp}")
        with written_aside(made.path) as aside:
            run = cls(aside)
            try:
                run.rollouts.mkdir(parents=True)
                run.checkpoints.path.mkdir()
            except (OSError, ValueError) as error:
                reason = (getattr(error, "strerror", None) or str(error)).lower()
                raise RunError(f"runs = {config.runs!r}: no run can be kept there ({reason}); name another folder") from error
            run.remember(place={**run.place(), "path": str(made.path)})
            run.write_config(run.placed(config))
            if fill is not None:
                fill(run)
        return made

    @classmethod
    def existing(cls, path: Path) -> RunDirectory:
        """The directory of a run that was begun earlier. Raises `RunError` if the folder is none."""
        if not (path / "config.yaml").is_file():
            why = "no such folder" if not path.exists() else "no config.yaml in it" if path.is_dir() else "it is a file"
            raise RunError(f"{path}: not a run directory ({why}); give the folder that `train` named")
        return cls(path)

    @classmethod
    def open(cls, path: Path, files: bool = False) -> tuple[RunDirectory, Config]:
        """A run that was begun earlier, and its config.

        Args:
            path: the run's folder.
            files: look whether what its config names is there, as for a new run.

        Raises:
            RunError: if the folder is not a run, or its state cannot be read.
            ConfigError: if its config cannot be used.
        """
        run = cls.existing(path)
        run.state()
        run.sources.stand_in()
        try:
            config = load_saved(run.config_file, files=False)
        except ConfigError:
            if fact := run.state().get("config"):
                refuse_cut_off(run.config_file, fact)
            raise
        if files:
            run.check_files(config)
        return run, config

    @classmethod
    def resume(cls, path: Path, words: Sequence[str] = ()) -> tuple[RunDirectory, Config]:
        """As `open`, for a run that is to go on: whatever this will read later is checked now, before anything is started.

        Args:
            path: the run's folder.
            words: `key=value` of the command line, which the caller lays over the settings, and then looks for their files. Where
                they give all that was edited in config.yaml, it is written as it was, so that they change it.
        """
        run, config = cls.open(path, files=not words)
        if run.restore_config({word.partition("=")[0] for word in words}):
            run, config = cls.open(path)
        last, parent = run.checkpoints.last(), run.state().get("parent")
        check_complete(run.metrics, run.summary(), last.progress if last else None, parent)
        return run, config

    def write_config(self, config: Config) -> None:
        """Write config.yaml, and into `run.json` what stands in it."""
        self.remember(config=config_fact(config, self.state().get("config")))
        write_atomically(self.config_file, config_text(config))

    def restore_config(self, given: Collection[str] = ()) -> bool:
        """Write config.yaml as it was, if it was edited in nothing but settings that are given anew. Returns whether it was.

        Args:
            given: their dotted keys.

        Raises:
            RunError: if it was edited otherwise.
        """
        fact = self.state().get("config")
        if fact is None:
            raise RunError(f"{self.state_file}: does not say which settings the run has; restore the file")
        return restore_edited(self.config_file, fact, given)

    def place(self) -> dict[str, Any]:
        """Where the folder is, as `run.json` keeps it under `place` (`place.py`)."""
        return {"path": str(self.path), "inode": self.path.stat().st_ino}

    def placed(self, config: Config) -> Config:
        """A configuration with absolute paths in place of those from the working directory; how these were given is kept."""
        given = self.given() | written(config, Path.cwd())
        self.remember(written={key: asdict(one) for key, one in given.items()})
        return absolute(config, Path.cwd())

    def given(self) -> dict[str, Written]:
        """How paths were given, by the dotted keys of their settings."""
        return {key: Written(**one) for key, one in self.state().get("written", {}).items()}

    def check_places(self, config: Config, again: str = "affectree train --resume") -> None:
        """Raises `ConfigError` for what a configuration of this run names and is not there any more.

        Args:
            config: the run's.
            again: the command that takes the run, and words that say where things are now.
        """
        if problems := self._gone(config, again):
            raise ConfigError([*problems.values()], what(self.config_file))

    def check_files(self, config: Config, words: Sequence[Word] = ()) -> None:
        """Raises `ConfigError` for all that is wrong with a configuration of this run that goes on, and that it names and is not
        there any more.

        Args:
            config: the run's.
            words: those of the command line, which may have no effect.
        """
        places, problems = self._gone(config, "affectree train --resume"), list[str]()
        try:
            check(config, what(self.config_file), files=True, words=words)
        except ConfigError as error:
            problems = [places.pop(problem.partition(" = ")[0], problem) for problem in error.problems]
        if problems or places:
            raise ConfigError([*problems, *places.values()], what(self.config_file))

    def _gone(self, config: Config, again: str) -> dict[str, str]:
        """Dotted key -> what is said of a place that is gone."""
        return {line.partition(" = ")[0]: line for line in gone(config, self.given(), f"{again} {shlex.quote(str(self.path))}")}

    def finished_model(self) -> Path:
        """The folder of the trained model. Raises `RunError` if there is none yet."""
        if not self.model.is_dir():
            resume = f"affectree train --resume {shlex.quote(str(self.path))}"
            hint = f"go on with it ({resume}), or name a model folder such as its tuned_model"
            raise RunError(f"{self.path}: this run has no model yet; {hint}")
        return self.model

    def state(self) -> dict[str, Any]:
        """Small facts about the run, such as its MLflow run id."""
        found = read_json_object(self.state_file, RunError) if self.state_file.exists() else {}
        if problem := check_state(found):
            raise RunError(f"{self.state_file}: {problem}; restore the file")
        return found

    def summary(self) -> dict[str, Any]:
        """What the run has measured so far; empty where there is nothing yet."""
        found = read_json_object(self.summary_file, RunError) if self.summary_file.exists() else {}
        if problem := check_summary(found):
            raise RunError(f"{self.summary_file}: {problem}; repair or remove it")
        tables: dict[str, dict[str, Any]] = {key: {} for key in (*BY_STAGE, "chance", "majority", "seconds")}
        return {"measures": [], "examples": [], **tables, **found}

    def remember(self, **facts: Any) -> None:
        """Add to the facts that `state` gives."""
        write_atomically(self.state_file, json.dumps({**self.state(), **facts}, indent=1))

    def forget_after(self, progress: Progress) -> int:
        """Drop what was recorded after a checkpoint, since it is about to be done again, and what was left half written.

        Returns lines of metrics dropped.
        """
        remove_partial(self.path)
        summary = self.summary()
        stages = [stage for stage in summary["stages"] if progress.includes_evaluation(stage)]
        if summary["stages"].keys() - stages:
            tables = {key: {stage: summary[key][stage] for stage in stages if stage in summary[key]} for key in BY_STAGE}
            write_atomically(self.summary_file, json.dumps({**summary, **tables, "examples": []}, indent=1))
        dropped = self.metrics.forget_after(progress, stages)
        for file in self.rollouts.glob("step_*.parquet"):
            if (step := file.stem.removeprefix("step_")).isdecimal() and not progress.includes("grpo", int(step)):
                file.unlink()
        return dropped

    def needs(self, progress: Progress) -> list[Path]:
        """The folders that going on from a checkpoint needs beside it."""
        folders = [self.initial_model, self.best(progress.best_step), *([self.tuned_model] if progress.phase == "grpo" else [])]
        return [folder for folder in folders if folder.is_dir()]

    def best(self, step: int) -> Path:
        """The state of the step that did best on val; named by its step, so that a checkpoint always finds its own."""
        return self.path / f"best_{step:06d}"

    def drop_other_bests(self) -> None:
        """Remove the states that did best of which no checkpoint says so any more."""
        named = {self.best(step) for step in self.checkpoints.best_steps()}
        for folder in self.path.glob("best_*"):
            if folder not in named:
                remove_folder(folder)
