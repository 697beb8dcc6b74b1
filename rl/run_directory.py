"""The folder of a run: everything needed to look at it or to go on with it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from rewards.building import MixEntry
from rewards.errors import UserError
from rl.config import Config


class RunError(UserError):
    """A run directory that cannot be used; says what is missing and what to do."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: what a checkpoint is a checkpoint of."""

    phase: str = "tune"
    """`tune` until curriculum tuning is done, then `grpo`."""
    step: int = 0
    """Optimizer steps of tuning, or GRPO steps, that are done."""
    version: int = 0
    """Of the weights."""
    best: float | None = None
    """The best value on the val split so far."""
    best_step: int = 0


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
        run.rollouts.mkdir(parents=True)
        run.checkpoints.mkdir()
        write_atomically(run.config_file, OmegaConf.to_yaml(OmegaConf.structured(config)))
        return run

    @classmethod
    def open(cls, path: Path) -> tuple[RunDirectory, Config]:
        """A run that was begun earlier, and its config.

        Raises:
            RunError: if the folder is not a run.
        """
        run = cls(path)
        if not run.config_file.is_file():
            raise RunError(f"{path}: not a run directory (no config.yaml in it); give the folder that `train` named")
        merged = OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.load(run.config_file))
        config = OmegaConf.to_object(merged)
        assert isinstance(config, Config)
        return run, config

    def state(self) -> dict[str, Any]:
        """Small facts about the run, such as its MLflow run id."""
        return json.loads(self.state_file.read_text()) if self.state_file.is_file() else {}

    def remember(self, **facts: Any) -> None:
        write_atomically(self.state_file, json.dumps({**self.state(), **facts}, indent=1))

    def keep_scorers(self, entries: Sequence[MixEntry], hashes: Mapping[str, str]) -> list[str]:
        """Keep the source of scorers that came from files, and every scorer's hash. Returns those that have changed."""
        before = self.state().get("scorers", {})
        for source in (entry.scorer.source for entry in entries):
            if source is not None:
                self.scorers.mkdir(exist_ok=True)
                write_atomically(self.scorers / f"{Path(source.path).stem}-{source.sha256[:12]}.py", source.text)
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
        if not self.metrics_file.is_file():
            return []
        records = []
        lines = self.metrics_file.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            if not line:
                continue
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                if number < len(lines) - 1:
                    raise RunError(f"{self.metrics_file}, line {number + 1}: not JSON; repair or remove it") from None
        return records

    def forget_after(self, progress: Progress) -> int:
        """Drop what was recorded after a checkpoint, since it is about to be done again. Returns lines dropped."""
        records = self.metrics()
        kept = [r for r in records if not _is_after(r, progress)]
        write_atomically(self.metrics_file, "".join(json.dumps(r) + "\n" for r in kept))
        if progress.phase == "grpo":
            for file in self.rollouts.glob("step_*.parquet"):
                if int(file.stem.split("_")[1]) > progress.step:
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
        aside = self.checkpoints / f".{name}.partial"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        write(aside)
        (aside / "progress.json").write_text(json.dumps(asdict(progress)))
        sync_to_disk(aside)
        final = self.checkpoints / name
        shutil.rmtree(final, ignore_errors=True)
        aside.rename(final)
        for old in self._checkpoints()[:-keep]:
            shutil.rmtree(old)
        return final

    def best(self, step: int) -> Path:
        """The state of the step that did best on val; named by its step, so that a checkpoint always finds its own."""
        return self.path / f"best_{step:06d}"

    def drop_other_bests(self, step: int) -> None:
        """Once a checkpoint names its best step, no other is wanted."""
        for folder in self.path.glob("best_*"):
            if folder != self.best(step):
                shutil.rmtree(folder)

    def last_checkpoint(self) -> tuple[Path, Progress] | None:
        """The newest whole checkpoint."""
        found = self._checkpoints()
        if not found:
            return None
        return found[-1], Progress(**json.loads((found[-1] / "progress.json").read_text()))

    def _checkpoints(self) -> list[Path]:
        whole = [p for p in self.checkpoints.iterdir() if not p.name.startswith(".") and (p / "progress.json").is_file()]
        order = {"tune": 0, "grpo": 1}
        return sorted(whole, key=lambda p: (order[p.name.split("_")[0]], p.name))


def write_atomically(path: Path, text: str) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, never half of one."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def write_folder(final: Path, write: Callable[[Path], None]) -> None:
    """Fill a folder aside, sync it, then give it its name."""
    aside = final.with_name(f".{final.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    write(aside)
    sync_to_disk(aside)
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)


def sync_to_disk(folder: Path) -> None:
    """fsync every file below a folder."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def advanced(progress: Progress, **changes: Any) -> Progress:
    """A progress with some fields changed."""
    return replace(progress, **changes)


def _is_after(record: Mapping[str, Any], progress: Progress) -> bool:
    """Whether a metrics line belongs to a step that the checkpoint has not done."""
    phase, step = record.get("phase"), record.get("step", 0)
    if phase == "tune":
        return progress.phase == "tune" and step > progress.step
    if phase == "grpo":
        return progress.phase == "tune" or step > progress.step
    return False
