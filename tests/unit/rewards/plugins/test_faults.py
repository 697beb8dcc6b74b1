"""Functions of a user's own that fail are told as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rewards.plugins.faults import telling
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec, PluginError

FILE = """
import os

def own(x, y=0):
    raise ValueError(f"no {x} with {os.environ['MY_KEY']}")
"""


def test_what_a_users_function_raises_names_it_and_the_place_but_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cr3t-value")
    (tmp_path / "own.py").write_text(FILE)
    spec = FunctionSpec(f"{tmp_path}/own.py:own", {"y": 1})
    told = telling("policy loss", spec, load_function("policy loss", spec, {}))
    with pytest.raises(PluginError) as caught:
        told(3)
    assert str(caught.value) == (
        f"policy loss '{tmp_path}/own.py:own' failed: ValueError: no 3 with [MY_KEY] (own.py, line 5, in own); mend it"
    )


def test_what_is_told_already_and_what_ships_stay_as_they_are() -> None:
    def refuses() -> None:
        raise UserError("a line")

    with pytest.raises(UserError, match=r"^a line$"):
        telling("credit rule", FunctionSpec("mine.py:refuses"), refuses)()
    assert telling("credit rule", FunctionSpec("level"), refuses) is refuses
