"""Modules of strangers, and what is said where they fail."""

from __future__ import annotations

import inspect
import shutil
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from rewards.plugins.importing import from_module, from_text
from rewards.plugins.spec import PluginError, Source, read_source


def source(file: Path, text: str) -> Source:
    file.write_text(text)
    found = read_source("loss", f"{file}:f")
    assert found is not None
    return found


def test_a_text_is_a_module_as_if_it_had_been_read_from_its_file(tmp_path: Path) -> None:
    text = "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int' = 1\ndef f(): return A(2)\n"
    module = from_text("loss", source(tmp_path / "mine.py", text))
    (tmp_path / "mine.py").unlink()
    assert module.f().x == 2
    assert [field.name for field in fields(module.A)] == ["x"]
    assert inspect.getsource(module.f) == "def f(): return A(2)\n"
    assert module.__file__ == str(tmp_path / "mine.py")


def test_a_text_that_fails_leaves_no_module(tmp_path: Path) -> None:
    before = set(sys.modules)
    for text, said in (
        ("x = 1\n1 / 0\n", "ZeroDivisionError in line 2: division by zero; mend what runs on import"),
        ("raise SystemExit(3)\n", "SystemExit in line 1: 3; mend what runs on import"),
        ("import nowhere\n", "No module named 'nowhere'; install it on every node, or check the name"),
    ):
        with pytest.raises(PluginError, match=f"^loss: file .*mine.py cannot be imported: {said}$"):
            from_text("loss", source(tmp_path / "mine.py", text))
    assert set(sys.modules) == before


def test_a_module_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "module_that_fails.py").write_text("{}['x']\n")
    with pytest.raises(PluginError, match=r"^loss: module module_that_fails cannot be imported: KeyError: 'x'; mend what runs"):
        from_module("loss", "module_that_fails")
    assert from_module("loss", "statistics").mean([1, 3]) == 2


def test_a_module_of_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "module_of_the_folder.py").write_text("x = 1\n")
    assert from_module("loss", "module_of_the_folder").x == 1


NEIGHBOURS = {
    "helper.py": "from deeper import two\ndef plus(x): return x + two()\n",
    "deeper.py": "def two(): return 2\n",
    "pkg/__init__.py": "from .sub import three\nfrom . import sub\n",
    "pkg/sub.py": "import helper\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int' = 1\n"
    "def three(): return helper.plus(1)\ndef fails(): raise ValueError\n",
}
USES = """
import os.path, json
import helper, pkg.sub as s
import pkg.sub
from pkg import three
from .deeper import two
def f(): return helper.plus(0), three(), two(), s.A().x, pkg.sub.three(), json.loads("1")
def later():
    from helper import plus
    return plus(5)
"""


def beside(folder: Path, **changed: str) -> Source:
    for name, text in {**NEIGHBOURS, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return source(folder / "mine.py", USES)


def test_neighbours_are_imported_from_their_texts(tmp_path: Path) -> None:
    text = beside(tmp_path)
    shutil.rmtree(tmp_path)
    module = from_text("loss", text)
    assert module.f() == (2, 3, 2, 1, 3, 1)
    assert module.later() == 7
    assert "helper" not in sys.modules
    assert inspect.getsource(module.helper.plus) == "def plus(x): return x + two()\n"
    with pytest.raises(ValueError) as error:
        module.s.fails()
    assert Path(error.traceback[-1].path) == tmp_path / "pkg" / "sub.py"


def test_two_files_each_have_their_own_helper(tmp_path: Path) -> None:
    one = from_text("loss", beside(tmp_path / "one"))
    other = from_text("loss", beside(tmp_path / "other", **{"deeper.py": "def two(): return 20\n"}))
    assert (one.later(), other.later()) == (7, 25)


def test_the_hash_covers_the_neighbours(tmp_path: Path) -> None:
    first, same, other = (
        beside(tmp_path, **changed) for changed in ({}, {"unused.py": "x"}, {"deeper.py": "def two(): return 20\n"})
    )
    assert first.sha256 == same.sha256 != other.sha256
    assert first.text == other.text


def test_a_neighbour_that_fails_is_told_with_its_line_and_leaves_no_module(tmp_path: Path) -> None:
    before, finders = set(sys.modules), list(sys.meta_path)
    for text, said in (
        ("x = 1\n1 / 0\n", r"ZeroDivisionError in line 2 of deeper\.py: division by zero; mend what runs on import"),
        ("from . import nowhere\n", "ImportError in line 1 of deeper.py: cannot import name 'nowhere'"),
        ("import nowhere.at_all\n", "No module named 'nowhere'; install it on every node"),
    ):
        with pytest.raises(PluginError, match=f"^loss: file .*mine.py cannot be imported: {said}"):
            from_text("loss", beside(tmp_path, **{"deeper.py": text}))
    assert (set(sys.modules), sys.meta_path) == (before, finders)


def test_a_relative_import_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"relative import .*; name it as package\.module:function, with its package in the"):
        from_text("loss", source(tmp_path / "mine.py", "from .absent import f\n"))
