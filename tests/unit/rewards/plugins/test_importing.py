"""Modules of strangers, and what is said where they fail."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rewards.plugins import importing
from rewards.plugins.importing import from_entry_point, from_module, from_text
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


def test_entry_points_are_loaded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("mine", "statistics:mean", "g"), EntryPoint("broken", "nowhere:f", "g")]
    monkeypatch.setattr(importing, "entry_points", lambda group: points if group == "affectree.scorers" else [])
    assert from_entry_point("scorer 'x'", "mine")([1, 3]) == 2
    with pytest.raises(PluginError, match=r"^scorer 'x': entry point 'broken' \(nowhere:f\) cannot be imported: No module named"):
        from_entry_point("scorer 'x'", "broken")
    with pytest.raises(PluginError, match=r"^scorer 'mien' is not known; did you mean 'mine'"):
        from_entry_point("scorer 'x'", "mien")
