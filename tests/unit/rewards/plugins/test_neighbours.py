"""The files beside a Python file that it imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rewards.plugins import neighbours as module
from rewards.plugins.neighbours import neighbours


def names(folder: Path, text: str) -> list[str]:
    return [one.name for one in neighbours(folder / "mine.py", text)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "helper.py": "import deeper\n",
        "deeper.py": "",
        "unused.py": "",
        "json.py": "",
        "rewards.py": "",
        "pkg/__init__.py": "from .sub import a\n",
        "pkg/sub.py": "from . import more\nfrom ..helper import b\n",
        "pkg/more.py": "",
        "pkg/unused.py": "",
        "loose/part.py": "from .other import x\n",
        "loose/other.py": "",
        "folders/inner/leaf.py": "",
        "yaml/nothing.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import helper", ["deeper", "helper"]),
        ("from helper import f", ["deeper", "helper"]),
        ("from . import helper", ["deeper", "helper"]),
        ("from .deeper import f", ["deeper"]),
        ("def f():\n    import deeper as d", ["deeper"]),
        ("try:\n    import deeper\nexcept ImportError: ...", ["deeper"]),
        ("import pkg", ["deeper", "helper", "pkg", "pkg.more", "pkg.sub"]),
        ("import pkg.unused", ["deeper", "helper", "pkg", "pkg.more", "pkg.sub", "pkg.unused"]),
        ("from pkg import unused", ["deeper", "helper", "pkg", "pkg.more", "pkg.sub", "pkg.unused"]),
        ("from loose import part", ["loose", "loose.other", "loose.part"]),
        ("import folders.inner.leaf", ["folders", "folders.inner", "folders.inner.leaf"]),
        ("import json, rewards.sample, numpy", []),  # Python's, affectree's, and one that is installed
        ("import yaml", []),  # for Python too an installed package comes before a folder without `__init__.py`
        ("from ... import helper", []),
        ("def f(:", []),
    ],
)
def test_what_is_imported_is_found_and_nothing_else(folder: Path, text: str, found: list[str]) -> None:
    assert names(folder, text) == found


def test_a_module_is_its_text_and_where_it_lies(folder: Path) -> None:
    package, *_ = [one for one in neighbours(folder / "mine.py", "import pkg") if one.name == "pkg"]
    assert (package.path, package.text) == (str(folder / "pkg" / "__init__.py"), "from .sub import a\n")
    assert package.is_package


def test_what_is_too_much_to_send_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FILES", 1)
    assert names(folder, "import deeper") == ["deeper"]
    with pytest.raises(UserError, match=r"mine\.py: imports more than 1 files or 2 MiB from beside it, .*; install them as a"):
        names(folder, "import helper")
    monkeypatch.setattr(module, "_MOST_FILES", 99)
    (folder / "helper.py").write_text("#" * 2**21 + "\n")
    with pytest.raises(UserError, match="imports more than 99 files or 2 MiB"):
        names(folder, "import helper")


def test_a_neighbour_that_is_no_text_is_told(folder: Path) -> None:
    (folder / "helper.py").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"helper\.py: is not text in UTF-8"):
        names(folder, "import helper")
