"""Who imports whom: the contracts of pyproject.toml hold, catch what breaks them, and the light rooms really load lightly."""

from __future__ import annotations

import graphlib
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

HOME = Path(__file__).parents[2]
PACKAGES = ("rewards", "rollout", "rl", "actors")

AS = {
    "plain": "import {module}\n",
    "lazy": "def f():\n    import {module}\n",
    "type checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {module}\n",
}
"""The ways to import a module, as a file's text."""

LOADED = """
import importlib, pkgutil, sys
for name in sys.argv[1].split():
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(found.name)
print(*sorted(set(sys.argv[2].split()) & set(sys.modules)))
"""
"""Imports every module of some rooms, then prints which of the packages named are loaded."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the four packages' Python files, with the contracts."""
    for package in PACKAGES:
        shutil.copytree(HOME / package, tmp_path / package, ignore=_not_python)
    shutil.copy(HOME / "pyproject.toml", tmp_path)
    return tmp_path


def _not_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__" or not (name.endswith(".py") or Path(folder, name).is_dir())]


def check_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make check` does, in another folder."""
    words = [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold(tree: Path) -> None:
    done = check_contracts(tree)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("way", AS)
def test_an_import_that_runs_up_is_named(tree: Path, way: str) -> None:
    put(tree, "rewards.sample", "rollout.rows", way)
    put(tree, "rl.record.console", "torch", way)
    assert_named(tree, "rewards.sample -> rollout.rows", "rl.record.console -> torch")


def test_every_contract_can_be_broken(tree: Path) -> None:
    for importer, imported in {
        "rl.record.checks": "actors.folders",
        "rl.algo.advantages": "rl.config.schema",
        "actors.engine.gate": "actors.learners",
        "actors.pool.dispatch": "actors.reward_workers",
        "rewards.tree.nodes": "rewards.mix",
        "rewards.captions.words": "rewards.captions.people",
        "rl.config.keys": "vllm",
        "rl.learner.spec": "ray",
        "rewards.astray": "rewards.sample",
    }.items():
        put(tree, importer, imported, "lazy")
    assert_named(
        tree,
        "rl.record.checks -> actors.folders",  # beside one another
        "rl.algo.advantages -> rl.config.schema",
        "actors.engine.gate -> actors.learners",
        "actors.pool.dispatch -> actors.reward_workers",  # that these two may not is a contract of its own
        "rewards.tree.nodes -> rewards.mix",
        "No cycles are allowed in rewards.captions.",
        "rl.config.keys -> vllm",
        "rl.learner.spec -> ray",
        "- rewards.astray",  # has no place
        "0 kept",
    )


def put(tree: Path, importer: str, imported: str, way: str) -> None:
    """Have a module, which need not be there, import another one."""
    file = (tree / Path(*importer.split("."))).with_suffix(".py")
    before = file.read_text() if file.is_file() else ""
    file.write_text(f"{before}\n{AS[way].format(module=imported)}")


def assert_named(tree: Path, *said: str) -> None:
    """The contracts are broken, and all of this is said."""
    done = check_contracts(tree)
    assert done.returncode == 1, done.stdout
    assert [words for words in said if words not in done.stdout] == [], done.stdout


def test_no_module_comes_back_to_itself() -> None:
    """Also by way of its own package, which contracts on siblings do not see."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    order = graphlib.TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
    order.prepare()  # raises CycleError with the circle


def heavy_modules(rooms: str, of: str) -> list[str]:
    """Which packages are loaded once every module of some rooms has been imported in a new process."""
    words = [sys.executable, "-c", LOADED, rooms, of]
    done = subprocess.run(words, cwd=HOME, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_rewards_configuration_evaluation_and_records_load_no_framework() -> None:
    assert heavy_modules("rewards rl.config rl.evaluation rl.record", of="torch ray vllm deepspeed transformers mlflow") == []


@pytest.mark.slow  # a new process imports torch, transformers and DeepSpeed
def test_rows_mathematics_learner_and_weights_load_neither_ray_nor_vllm() -> None:
    assert heavy_modules("rollout rl.algo rl.learner actors.weights", of="ray vllm") == []


def test_what_is_heavy_would_be_seen() -> None:
    assert heavy_modules("rewards.tree", of="numba av") == ["numba"]
