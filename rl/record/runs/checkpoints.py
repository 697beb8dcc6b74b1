"""Checkpoints of a run: written aside, whole or not there, each with the progress that it is a checkpoint of and with the sizes
of all files that going on from it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rewards.files import read_json_object
from rl.record.files import remove_folder, write_folder
from rl.record.runs.errors import RunError
from rl.record.runs.progress import PHASES, Progress

_NAME = re.compile(rf"({'|'.join(PHASES)})_(\d+)")
_PROGRESS, _FILES = "progress.json", "files.json"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint."""

    folder: Path
    progress: Progress

    @property
    def has_state(self) -> bool:
        """Whether the learner's state is in it; a fork that begins GRPO has none, since the tuned model is enough."""
        return (self.folder / "state").is_dir()


class Checkpoints:
    """The folder of a run's checkpoints."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, progress: Progress, write: Callable[[Path], None], keep: int, needs: Sequence[Path] = ()) -> Path:
        """Write a checkpoint aside, then give it its name; keep the newest `keep`.

        Args:
            progress: what it is a checkpoint of.
            write: puts the learner's files into the folder that it is given.
            keep: how many to keep.
            needs: other folders of the run that going on from it needs.
        """
        final = self.path / f"{progress.phase}_{progress.step:06d}"

        def fill(folder: Path) -> None:
            folder.mkdir(parents=True)
            write(folder)
            sizes = {f"{final.name}/{name}": size for name, size in _sizes(folder).items()}
            sizes |= {f"../{other.name}/{name}": size for other in needs for name, size in _sizes(other).items()}
            (folder / _FILES).write_text(json.dumps(sizes, indent=1))
            (folder / _PROGRESS).write_text(json.dumps(asdict(progress)))

        write_folder(final, fill)
        for old in self.folders()[:-keep]:
            remove_folder(old)
        return final

    def last(self) -> Checkpoint | None:
        """The newest checkpoint; None if there is none. Raises `RunError` if a file of it is damaged or not there."""
        found = self.folders()
        return self._read(found[-1]) if found else None

    def at(self, phase: str, step: int) -> Checkpoint:
        """The checkpoint of a step. Raises `RunError`, with the steps that have one, if there is none or it is not whole."""
        for folder in self.folders():
            if _place(folder) == (PHASES.index(phase), step):
                return self._read(folder)
        there = ", ".join(folder.name for folder in self.folders()) or "none"
        raise RunError(
            f"{self.path}: no checkpoint of {phase} step {step}; there are {there} (checkpoints.every, checkpoints.keep)"
        )

    def folders(self) -> list[Path]:
        """The folders of all checkpoints, the oldest first. Since they are made by a rename, they are whole unless something else
        than affectree has been at them."""
        found = self.path.iterdir() if self.path.is_dir() else ()
        return sorted((p for p in found if _NAME.fullmatch(p.name) and p.is_dir()), key=_place)

    def best_steps(self) -> set[int]:
        """The steps that did best on val, by the progress of each checkpoint; of a damaged one nothing is known."""
        found = set()
        for folder in self.folders():
            try:
                found.add(_progress(folder).best_step)
            except RunError:
                continue
        return found

    def _read(self, folder: Path) -> Checkpoint:
        progress = _progress(folder)
        for name, size in _facts(folder, _FILES).items():
            file = self.path / name
            if not file.is_file() or file.stat().st_size != size:
                what = f"has {file.stat().st_size} bytes of {size}" if file.is_file() else "is missing"
                raise RunError(f"{file.resolve()}: {what}, and {folder.name} needs it; {_mend(folder)}")
        return Checkpoint(folder, progress)


def _place(folder: Path) -> tuple[int, int]:
    """Where a checkpoint stands in the course of a run: (place of its phase, step)."""
    found = _NAME.fullmatch(folder.name)
    assert found is not None
    return PHASES.index(found[1]), int(found[2])


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file below a folder, by its path in it."""
    return {str(file.relative_to(folder)): file.stat().st_size for file in sorted(folder.rglob("*")) if file.is_file()}


def _progress(folder: Path) -> Progress:
    facts = _facts(folder, _PROGRESS)
    try:
        progress = Progress(**facts)
        sound = progress.phase in PHASES and all(
            isinstance(n, int) for n in (progress.step, progress.version, progress.best_step)
        )
    except TypeError:
        sound = False
    if not sound:
        raise RunError(f"{folder / _PROGRESS}: is no checkpoint's progress; {_mend(folder)}")
    return progress


def _facts(folder: Path, name: str) -> dict[str, Any]:
    file = folder / name
    if not file.exists():
        raise RunError(f"{file}: is missing; {_mend(folder)}")
    return read_json_object(file, RunError)


def _mend(folder: Path) -> str:
    return f"restore it, or remove {folder} to go on from the one before"
