"""The version of a module covers the package that it comes from."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from rewards.plugins import versions
from rewards.plugins.loading import load_scorer
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.plugins.versions import module_hash


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a_package_of_scorers"
    (folder / "inner").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "helper.py": "LIMIT = 1\n",
        "inner/__init__.py": "",
        "inner/scoring.py": "from ..helper import LIMIT\ndef f(sample): return LIMIT\n",
        "notes.txt": "a",
    }.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)  # which is where modules are found that are not installed
    return folder


def version() -> str:
    """As a new process has it."""
    versions._hash.cache_clear()
    for name in [name for name in sys.modules if name.startswith("a_package_of_scorers")]:
        del sys.modules[name]
    return load_scorer(ScorerSpec("x", "a_package_of_scorers.inner.scoring:f")).sha256


def test_every_python_file_of_the_package_counts(package: Path) -> None:
    before = version()
    assert version() == before
    (package / "notes.txt").write_text("b")
    assert version() == before
    (package / "helper.py").write_text("LIMIT = 2\n")
    changed = version()
    assert changed != before
    (package / "new.py").write_text("")
    added = version()
    assert added not in (before, changed)
    (package / "new.py").rename(package / "other.py")
    assert version() not in (before, changed, added)


def test_of_a_package_that_is_too_large_the_modules_folder_counts(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_MOST_FILES", 3)
    before = version()
    (package / "helper.py").write_text("LIMIT = 2\n")
    assert version() == before
    (package / "inner" / "more.py").write_text("")
    assert version() != before


def test_a_module_without_a_package_counts_with_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_module_of_scorers.py").write_text("import a_neighbour_of_scorers\n")
    (tmp_path / "a_neighbour_of_scorers.py").write_text("x = 1\n")
    __import__("a_module_of_scorers")
    before = module_hash("scorer 'x'", "a_module_of_scorers")
    (tmp_path / "a_neighbour_of_scorers.py").write_text("x = 2\n")
    versions._hash.cache_clear()
    assert module_hash("scorer 'x'", "a_module_of_scorers") != before


def test_shipped_scorers_have_one_version() -> None:
    assert load_scorer(ScorerSpec("leaf")).sha256 == load_scorer(ScorerSpec("format")).sha256


def test_a_compiled_module_counts_as_a_file_and_one_without_is_told() -> None:
    import numpy._core._multiarray_umath as compiled

    assert compiled.__file__ is not None
    expected = hashlib.sha256(Path(compiled.__file__).read_bytes()).hexdigest()
    assert module_hash("scorer 'x'", compiled.__name__) == expected
    with pytest.raises(PluginError, match=r"^scorer 'x': builtins comes from no file, so its version cannot be told; wrap it"):
        module_hash("scorer 'x'", "builtins")
