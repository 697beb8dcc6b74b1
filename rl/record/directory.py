"""The folder of a run: everything needed to look at it or to go on with it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rewards.errors import UserError
from rewards.files import read_json_object, read_text
from rewards.mix import MixEntry
from rl.config.load import load_saved
from rl.config.schema import Config
from rl.record.checks import check_metrics_line, check_summary
from rl.record.files import write_atomically, write_folder
from rl.record.progress import PHASES, Progress

_CHECKPOINT = re.compile(rf"({'|'.join(PHASES)})_\d+")


class RunError(UserError):
    """A run directory that cannot be used; says what is missing and what to do."""


class RunDirectory:
    """Paths of a run and the few ways in which its files change."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.config_file = self.path / "config.yaml"
        self.metrics_file = self.path / "metrics.jsonl"
        self.summary_file = self.path / "summary.json"
        self.report_file = self.path / "report.html"
        self.state_file = self.path / "run.json"
        self.rollouts = self.path / "rollouts"
        self.checkpoints = self.path / "checkpoints"
        self.initial_model = self.path / "initial_model"
        self.tuned_model = self.path / "tuned_model"
        self.model = self.path / "model"
        self.scorers = self.path / "scorers"
        self.logs = self.path / "logs"

    @classmethod
    def create(cls, config: Config) -> RunDirectory:
        """A new folder under `config.runs`, named after the run and the time, with the resolved config in it."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
        run = cls(Path(config.runs) / f"{config.name}-{stamp}")
        try:
            run.rollouts.mkdir(parents=True)
            run.checkpoints.mkdir()
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise RunError(f"runs = {config.runs!r}: no run can be kept there ({reason}); name another folder") from error
        write_atomically(run.config_file, OmegaConf.to_yaml(OmegaConf.structured(config)))
        return run

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
        run = cls(path)
        if not run.config_file.is_file():
            why = "no such folder" if not path.exists() else "no config.yaml in it" if path.is_dir() else "it is a file"
            raise RunError(f"{path}: not a run directory ({why}); give the folder that `train` named")
        run.state()
        return run, load_saved(run.config_file, files)

    @classmethod
    def resume(cls, path: Path) -> tuple[RunDirectory, Config]:
        """As `open`, for a run that is to go on: whatever this will read later is checked now, before anything is started."""
        run, config = cls.open(path, files=True)
        run.metrics()
        run.summary()
        run.last_checkpoint()
        return run, config

    def finished_model(self) -> Path:
        """The folder of the trained model. Raises `RunError` if there is none yet."""
        if not self.model.is_dir():
            hint = f"go on with it (affectree train --resume {self.path}), or name a model folder such as its tuned_model"
            raise RunError(f"{self.path}: this run has no model yet; {hint}")
        return self.model

    def state(self) -> dict[str, Any]:
        """Small facts about the run, such as its MLflow run id."""
        return read_json_object(self.state_file, RunError) if self.state_file.exists() else {}

    def summary(self) -> dict[str, Any]:
        """What the run has measured so far; empty where there is nothing yet."""
        found = read_json_object(self.summary_file, RunError) if self.summary_file.exists() else {}
        if problem := check_summary(found):
            raise RunError(f"{self.summary_file}: {problem}; repair or remove it")
        return {"measures": [], "stages": {}, "chance": {}, "majority": {}, "seconds": {}, "examples": [], **found}

    def remember(self, **facts: Any) -> None:
        """Add to the facts that `state` gives."""
        write_atomically(self.state_file, json.dumps({**self.state(), **facts}, indent=1))

    def keep_scorers(self, entries: Sequence[MixEntry], hashes: Mapping[str, str]) -> list[str]:
        """Keep the source of scorers that came from files, with the files beside them that they import in a folder, and every
        scorer's hash. Returns those that have changed."""
        before = self.state().get("scorers", {})
        for source in (entry.scorer.source for entry in entries):
            if source is not None:
                name = f"{Path(source.path).stem}-{source.sha256[:12]}"
                kept = {f"{name}/{path}": text for path, text in source.files().items()} if source.neighbours else {}
                for path, text in (kept or {f"{name}.py": source.text}).items():
                    (self.scorers / path).parent.mkdir(parents=True, exist_ok=True)
                    write_atomically(self.scorers / path, text)
        self.remember(scorers={**hashes, **before})
        return sorted(name for name, sha in hashes.items() if before.get(name, sha) != sha)

    def log_metrics(self, record: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl, on disk when this returns."""
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def metrics(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl; a last line that was cut off by a kill is left out."""
        if not self.metrics_file.exists():
            return []
        records = []
        lines = read_text(self.metrics_file, RunError).split("\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                record = json.loads(line)
                problem = check_metrics_line(record)
            except ValueError:
                if number == len(lines):
                    break
                problem = "not JSON"
            if problem:
                raise RunError(f"{self.metrics_file}, line {number}: {problem}; repair or remove it")
            records.append(record)
        return records

    def forget_after(self, progress: Progress) -> int:
        """Drop what was recorded after a checkpoint, since it is about to be done again. Returns lines dropped."""
        records = self.metrics()
        kept = [r for r in records if not _is_after(r, progress)]
        write_atomically(self.metrics_file, "".join(json.dumps(r) + "\n" for r in kept))
        if progress.phase == "grpo":
            for file in self.rollouts.glob("step_*.parquet"):
                if (step := file.stem.removeprefix("step_")).isdecimal() and int(step) > progress.step:
                    file.unlink()
        return len(records) - len(kept)

    def save_checkpoint(self, progress: Progress, write: Callable[[Path], None], keep: int) -> Path:
        """Write a checkpoint aside, then give it its name; keep the newest `keep`.

        Args:
            progress: what it is a checkpoint of.
            write: puts the learner's files into the folder that it is given.
            keep: how many to keep.
        """
        name = f"{progress.phase}_{progress.step:06d}"
        final = self.checkpoints / name

        def fill(folder: Path) -> None:
            folder.mkdir(parents=True)
            write(folder)
            (folder / "progress.json").write_text(json.dumps(asdict(progress)))

        write_folder(final, fill)
        for old in self._checkpoints()[:-keep]:
            shutil.rmtree(old)
        return final

    def best(self, step: int) -> Path:
        """The state of the step that did best on val; named by its step, so that a checkpoint always finds its own."""
        return self.path / f"best_{step:06d}"

    def drop_other_bests(self, step: int) -> None:
        """Remove the states of other steps that did best, once a checkpoint names this one."""
        for folder in self.path.glob("best_*"):
            if folder != self.best(step):
                shutil.rmtree(folder)

    def last_checkpoint(self) -> tuple[Path, Progress] | None:
        """The newest whole checkpoint: its folder and its progress. None if there is none; `RunError` if it cannot be read."""
        found = self._checkpoints()
        if not found:
            return None
        file = found[-1] / "progress.json"
        facts = read_json_object(file, RunError)
        try:
            progress = Progress(**facts)
            sound = progress.phase in PHASES and all(isinstance(n, int) for n in (progress.step, progress.version))
        except TypeError:
            sound = False
        if not sound:
            raise RunError(f"{file}: is no checkpoint's progress; remove {found[-1]} to go on from the one before")
        return found[-1], progress

    def _checkpoints(self) -> list[Path]:
        folders = self.checkpoints.iterdir() if self.checkpoints.is_dir() else ()
        whole = [p for p in folders if _CHECKPOINT.fullmatch(p.name) and (p / "progress.json").exists()]
        return sorted(whole, key=lambda p: (PHASES.index(p.name.split("_")[0]), p.name))


def _is_after(record: Mapping[str, Any], progress: Progress) -> bool:
    """Whether a metrics line belongs to a step that the checkpoint has not done."""
    phase, step = record.get("phase"), record.get("step", 0)
    if phase == "tune":
        return progress.phase == "tune" and step > progress.step
    if phase == "grpo":
        return progress.phase == "tune" or step > progress.step
    return False
