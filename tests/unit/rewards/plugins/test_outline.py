"""What a Python text defines, without running it."""

from __future__ import annotations

import inspect

import pytest

from rewards.plugins.outline import outline, outline_of_module
from rewards.plugins.spec import PluginError

TEXT = """
import os.path, json as notation
from math import pi
LIMIT: int = 3
for number in range(3):
    last = number
with open("x") as file:
    pass
try:
    def tried(a): ...
except ImportError:
    tried = None
def plain(a, /, b, c=1, *rest, d, e=2, **more): ...
async def waits(a): ...
@notation.loads
def decorated(a): ...
class Holder:
    inner = 1
def changed(a): ...
changed = plain
def uses():
    local = 1
"""


def test_every_way_to_give_a_name_a_meaning() -> None:
    found = outline("loss", "file x.py", TEXT)
    assert found.complete
    assert found.names == {
        *("os", "notation", "pi", "LIMIT", "number", "last", "file", "tried", "plain", "waits", "decorated", "Holder"),
        *("changed", "uses"),
    }
    assert found.functions.keys() == {"tried", "plain", "waits", "decorated", "Holder", "changed", "uses"}


def test_parameters_are_told_where_they_are_certain() -> None:
    found = outline("loss", "file x.py", TEXT).functions

    def plain(a, /, b, c=1, *rest, d, e=2, **more) -> None: ...  # type: ignore[no-untyped-def]

    written, real = found["plain"], inspect.signature(plain)
    assert written is not None
    described = [[(p.name, p.kind, p.default is p.empty) for p in one.parameters.values()] for one in (written, real)]
    assert described[0] == described[1]
    assert str(found["waits"]) == "(a)"
    for name in ("tried", "decorated", "Holder", "changed"):
        assert found[name] is None, name


def test_a_star_import_leaves_it_open() -> None:
    assert not outline("loss", "file x.py", "if 1:\n    from math import *\n").complete


@pytest.mark.parametrize(("text", "said"), [("\ndef f(:\n", "SyntaxError in line 2"), ("a = 1\0", "null")])
def test_a_text_that_is_no_python(text: str, said: str) -> None:
    with pytest.raises(PluginError, match=f"^loss: file x.py cannot be imported: .*{said}"):
        outline("loss", "file x.py", text)


def test_modules() -> None:
    found = outline_of_module("loss", "statistics")
    assert found is not None
    assert "mean" in found.functions
    assert outline_of_module("loss", "sys") is None  # written in C
    with pytest.raises(PluginError, match=r"^loss: module nowhere cannot be imported: No module named 'nowhere'; install it"):
        outline_of_module("loss", "nowhere")
