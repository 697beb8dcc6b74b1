"""A mistake, the command that it is made in, and the one line that it ends in."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from PIL import Image

from rl.cli import app
from rl.config.load import load_config
from rl.record.endings import MENDABLE, end
from rl.record.runs.directory import RunDirectory
from tests.signal_handlers import handlers_restored

HOME = Path(__file__).resolve().parents[2]
SECONDS = 5
CHECK_FAILED = 1
_ROW = re.compile(r"\S+, (row|line) \d+")
"""How a message begins that is of a single row."""
Content = str | Mapping[str, Any]
"""The content of a file: its text; `folder: true` for a folder; `bytes:` in hexadecimal; or old -> new text of a file that is
there."""


@dataclass(frozen=True)
class Mistake:
    """One entry of the tables in this folder."""

    words: str
    """What is typed behind `affectree`, in a folder with the files of `furnish`."""
    said: str
    """The whole line that it is told; `…` stands for anything, {here} for the folder, {faces} for the data set."""
    files: Mapping[str, Content] = field(default_factory=dict)
    """Files that are written first: path -> content."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that are set first."""
    run: bool = False
    """Whether a run is begun first, in the folder `run`."""

    @property
    def status(self) -> int:
        """The exit status: that of a check which has failed, where rows were checked and one cannot be used."""
        return CHECK_FAILED if self.words.startswith("data check") and _ROW.match(self.said) else MENDABLE


def mistakes(name: str) -> list[Mistake]:
    """The entries of the table of this name."""
    return [Mistake(**entry) for entry in yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text())]


def furnish(folder: Path, faces: Path) -> None:
    """Put quick.yaml, clip.mp4, thin.png and cut.png into a folder."""
    config = OmegaConf.load(HOME / "configs" / "quickstart.yaml")
    config.data = {"directory": str(faces)}
    OmegaConf.save(config, folder / "quick.yaml")
    shutil.copy(min((faces / "videos").iterdir()), folder / "clip.mp4")
    Image.new("RGB", (2000, 8)).save(folder / "thin.png")
    Image.effect_noise((64, 64), 50).save(folder / "cut.png")
    whole = (folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])


class Place:
    """The folder that a command is typed in."""

    def __init__(self, folder: Path, faces: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder, self.faces, self.monkeypatch, self.capfd = folder, faces, monkeypatch, capfd
        monkeypatch.chdir(folder)
        monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def begin_run(self) -> None:
        """Make a run that has not done anything yet, in the folder `run`."""
        RunDirectory.create(load_config(Path("quick.yaml"))).path.rename("run")
        Path("runs").rmdir()

    def check(self, mistake: Mistake) -> None:
        """Make the mistake, and compare how it ends."""
        if mistake.run:
            self.begin_run()
        for name, content in mistake.files.items():
            self._write(Path(name), content)
        for name, value in mistake.environment.items():
            self.monkeypatch.setenv(name, value)
        self.compare(mistake.said, *self.type(mistake.words), expected=mistake.status)
        assert "ray" not in sys.modules or not sys.modules["ray"].is_initialized()

    def compare(self, said: str, status: int, stdout: str, lines: Sequence[str], expected: int = MENDABLE) -> None:
        """Assert that the command ended in this one line, with no traceback."""
        assert (status, len(lines)) == (expected, 1), "\n".join(lines)
        assert re.fullmatch(re.escape(f"error: {self._placed(said)}").replace("…", ".*"), lines[0]), lines[0]
        assert "Traceback" not in stdout + lines[0]

    def type(self, words: str) -> tuple[int, str, list[str]]:
        """(exit status, standard output, lines of standard error) of a command, typed through the real entry."""
        self.capfd.readouterr()
        with handlers_restored():
            status = end(lambda: app(shlex.split(words), prog_name="affectree", standalone_mode=False))
        said = self.capfd.readouterr()
        return status, said.out, [line for line in said.err.splitlines() if line.strip()]

    def _placed(self, text: str) -> str:
        return text.replace("{here}", str(self.folder.resolve())).replace("{faces}", str(self.faces))

    def _write(self, file: Path, content: Content) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.write_text(content)
        elif "folder" in content:
            file.unlink(missing_ok=True)
            file.mkdir()
        elif "bytes" in content:
            file.write_bytes(bytes.fromhex(content["bytes"]))
        else:
            text = file.read_text()
            for old, new in content.items():
                assert self._placed(old) in text, old
                text = text.replace(self._placed(old), new)
            file.write_text(text)
