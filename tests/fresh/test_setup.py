"""`make setup`, in a small copy of the project that asks for three small packages."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent.parent
BASE = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
OLDER = """#!/bin/sh
exec '{python}' -c 'import sys
sys.version_info = (3, 10, 13)
code, sys.argv = sys.argv[2], ["-c", *sys.argv[3:]]
exec(code)' "$@"
"""
"""A Python that says it is 3.10."""


class Project:
    """A copy of the project that only holds what set-up reads, and the machine that it is on."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools = folder, tools

    def asks_for(self, *names: str, hardware: str = "cpu") -> None:
        """Pin these packages as the real closure does, beside those that set-up itself needs."""
        pins = (HOME / "requirements" / "cpu.txt").read_text().splitlines()
        chosen = [pin for pin in pins if pin.partition("==")[0] in ("setuptools", "uv", *names)]
        (self.folder / "requirements" / f"{hardware}.txt").write_text("\n".join(chosen) + "\n")

    def environment(self, **variables: str) -> dict[str, str]:
        dropped = ("PYTHON", "HARDWARE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {**kept, "PATH": f"{self.tools}{os.pathsep}{kept['PATH']}", **variables}

    def set_up(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        given = words if any(word.startswith("HARDWARE=") for word in words) else ("HARDWARE=cpu", *words)
        command = ["make", "setup", *given]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(**variables), capture_output=True, text=True, timeout=240, check=False
        )

    def is_set_up(self, *words: str, **variables: str) -> str:
        """Set up, and make sure that the command works from elsewhere. Returns what was said."""
        done = self.set_up(*words, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        script = self.folder / ".venv" / "bin" / "affectree"
        ran = subprocess.run([script], cwd=self.tools, capture_output=True, text=True, timeout=60, check=False)
        assert (ran.returncode, ran.stdout) == (0, "at work\n"), ran.stderr
        return done.stderr

    def packages(self) -> set[str]:
        found = (self.folder / ".venv").glob("lib/python*/site-packages/*.dist-info")
        return {re.split(r"-\d", folder.name)[0] for folder in found}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project on a machine that has uv, and the Python of these tests as python3.11."""
    folder, tools = tmp_path / "project", tmp_path / "tools"
    (folder / "requirements").mkdir(parents=True)
    (folder / "rl").mkdir()
    tools.mkdir()
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "requirements/set-up.sh"):
        shutil.copy(HOME / name, folder / name)
    (folder / "rl" / "__init__.py").touch()
    (folder / "rl" / "cli.py").write_text("def main():\n    print('at work')\n")
    (tools / "uv").symlink_to(HOME / ".venv" / "bin" / "uv")
    (tools / "python3.11").symlink_to(BASE)
    made = Project(folder, tools)
    made.asks_for("iniconfig")
    return made


def without_uv(project: Project) -> None:
    """Hide this machine's uv behind one that does not run."""
    (project.tools / "uv").unlink()
    write_program(project.tools / "uv", "#!/bin/sh\nexit 127\n")


def write_program(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def test_what_is_ready_is_left_alone(project: Project) -> None:
    assert "installing 3 packages" in project.is_set_up()
    before = (project.folder / ".venv" / ".ready").stat().st_mtime_ns
    (project.folder / "pyproject.toml").touch()
    assert project.is_set_up() == ""
    assert (project.folder / ".venv" / ".ready").stat().st_mtime_ns == before


def test_a_change_of_the_project_alone_installs_no_packages(project: Project) -> None:
    project.is_set_up()
    file = project.folder / "pyproject.toml"
    file.write_text(file.read_text().replace('name = "affectree"\nversion = "', 'name = "affectree"\nversion = "9.'))
    assert project.is_set_up() == ""
    assert list((project.folder / ".venv").glob("lib/python*/site-packages/affectree-9.*.dist-info"))


def test_without_uv_on_the_machine_it_is_brought_along(project: Project) -> None:
    without_uv(project)
    project.is_set_up()
    assert project.packages() >= {"uv", "pip", "setuptools", "iniconfig", "affectree"}


def test_packages_no_longer_listed_go(project: Project) -> None:
    project.asks_for("iniconfig", "packaging")
    project.is_set_up()
    assert project.packages() >= {"iniconfig", "packaging"}
    project.asks_for("packaging", "six")
    assert "anew" not in project.is_set_up()
    assert project.packages() >= {"six", "packaging", "affectree", "uv"}
    assert "iniconfig" not in project.packages()


def test_an_interrupted_set_up_is_begun_again(project: Project) -> None:
    without_uv(project)
    process = subprocess.Popen(
        ["make", "setup", "HARDWARE=cpu"],
        cwd=project.folder,
        env=project.environment(),
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what is begun in the background ignores it
    )
    deadline = time.monotonic() + 60
    while not (project.folder / ".venv" / "bin" / "python").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    assert "it is not finished" in project.is_set_up()


@pytest.mark.parametrize("left", ["a folder", "a link to Python", "half of the packages"])
def test_half_an_environment_is_made_anew(project: Project, left: str) -> None:
    place = project.folder / ".venv"
    if left == "half of the packages":
        project.is_set_up()
        (place / ".ready").unlink()
        (site,) = place.glob("lib/python*/site-packages")
        shutil.rmtree(site / "iniconfig")  # uv takes a package for whole by its metadata
        shutil.rmtree(site / "setuptools")
    else:
        (place / "bin").mkdir(parents=True)
    if left == "a link to Python":
        (place / "bin" / "python").symlink_to(BASE)
    assert "it is not finished" in project.is_set_up()
    assert list(place.glob("lib/python*/site-packages/iniconfig/__init__.py"))


def test_a_moved_project_is_set_up_where_it_is(project: Project) -> None:
    project.is_set_up()
    project.folder = project.folder.rename(project.folder.with_name("elsewhere"))
    assert "it was made for" in project.is_set_up()


def test_the_folder_may_have_blanks_and_letters_of_any_kind(project: Project) -> None:
    project.folder = project.folder.rename(project.folder.with_name("a stranger’s première"))
    project.is_set_up()
    assert project.is_set_up() == ""


def test_the_other_hardware_has_an_environment_of_its_own(project: Project) -> None:
    project.is_set_up()
    project.asks_for("packaging", hardware="gpu")
    assert "it was made for" in project.is_set_up("HARDWARE=gpu")
    assert "packaging" in project.packages()
    assert "iniconfig" not in project.packages()


def test_unknown_hardware_is_refused(project: Project) -> None:
    done = project.set_up("HARDWARE=tpu")
    assert done.returncode != 0
    assert "HARDWARE=tpu is not known" in done.stderr


@pytest.mark.parametrize("change", ["another version", "its Python is gone"])
def test_an_environment_of_another_python_is_made_anew(project: Project, change: str) -> None:
    project.is_set_up()
    place = project.folder / ".venv"
    if change == "another version":
        said = (place / ".ready").read_text()
        (place / ".ready").write_text(re.sub(r"Python 3\.\d+", "Python 3.10", said))
    else:
        (place / "bin" / "python").unlink()
        (place / "bin" / "python").symlink_to(project.tools / "gone")
    assert "it was made for" in project.is_set_up()


def test_set_up_from_within_the_environment_that_it_replaces(project: Project) -> None:
    (project.tools / "python3.11").unlink()
    project.is_set_up(f"PYTHON={BASE}")
    inside = f"{project.folder / '.venv' / 'bin'}{os.pathsep}{project.environment()['PATH']}"
    (project.folder / ".venv" / ".ready").unlink()
    project.is_set_up(PATH=inside)


def test_an_environment_may_be_a_link_to_another_disk(project: Project) -> None:
    disk = project.tools / "disk"
    disk.mkdir()
    (project.folder / ".venv").symlink_to(disk)
    project.is_set_up()
    (disk / ".ready").unlink()
    project.is_set_up()
    assert (project.folder / ".venv").is_symlink()


def test_a_python_that_does_not_fit_is_refused_in_one_line(project: Project) -> None:
    older = project.tools / "older"
    write_program(older, OLDER.format(python=BASE))
    done = project.set_up(f"PYTHON={older}")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("setup:")]
    assert lines == [f"setup: affectree needs Python >=3.11,<3.13; PYTHON={older} is Python 3.10"]
    assert not (project.folder / ".venv").exists()


def test_the_first_python_that_fits_is_taken(project: Project) -> None:
    for name in ("python3.11", "python3.12", "python3"):
        write_program(project.tools / name, OLDER.format(python=BASE))
    done = project.set_up()
    assert done.returncode != 0
    assert "setup: affectree needs Python >=3.11,<3.13; none of python3.11 python3.12 python3 is that" in done.stderr
    (project.tools / "python3").unlink()
    (project.tools / "python3").symlink_to(BASE)
    project.is_set_up()


def test_a_python_without_pip_is_told_in_one_line(project: Project, tmp_path: Path) -> None:
    """Debian's Python is one, since ensurepip is a package of its own there."""
    without_uv(project)
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "ensurepip.py").write_text("raise ImportError\n")
    done = project.set_up(PYTHONPATH=str(tmp_path / "hidden"))
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("setup:")]
    assert len(lines) == 1
    assert "install its venv module" in lines[0]
    assert not (project.folder / ".venv").exists()
