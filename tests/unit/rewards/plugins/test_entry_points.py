"""Scorers that installed packages offer by name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from rewards.plugins import entry_points
from rewards.plugins.entry_points import from_entry_point, hidden_by_shipped
from rewards.plugins.loading import load_scorer
from rewards.plugins.spec import PluginError, ScorerSpec


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def point(name: str, value: str, distribution: str) -> EntryPoint:
        found: Any = EntryPoint(name, value, "affectree.scorers")
        vars(found)["dist"] = SimpleNamespace(name=distribution)
        return found  # type: ignore[no-any-return]

    points = [
        point("mine", "statistics:mean", "my-scorers"),
        point("broken", "nowhere:f", "gone"),
        point("twice", "statistics:mean", "one"),
        point("twice", "statistics:median", "other"),
        point("again", "statistics:mean", "one"),
        point("again", "statistics:mean", "one"),
        point("leaf", "my_trees:leaf", "my-scorers"),
    ]
    monkeypatch.setattr(entry_points, "entry_points", lambda group: points if group == "affectree.scorers" else [])
    entry_points._all.cache_clear()
    yield
    entry_points._all.cache_clear()


def test_entry_points_are_loaded_by_name() -> None:
    function, module = from_entry_point("scorer 'x'", "mine", ())
    assert (function([1, 3]), module) == (2, "statistics")
    assert from_entry_point("scorer 'x'", "again", ())[1] == "statistics"  # found twice on the path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "broken",
            r"^scorer 'x': entry point 'broken' of the distribution gone \(nowhere:f\) cannot be imported: No module named",
        ),
        ("mien", r"^scorer 'mien' is not known; did you mean 'mine'"),
        ("lea", r"^scorer 'lea' is not known; did you mean 'leaf'"),
        (
            "twice",
            r"^scorer 'x': 'twice' is offered twice, as statistics:mean of the distribution one and statistics:median of the "
            r"distribution other; write the one that you mean, spec: statistics:mean$",
        ),
    ],
)
def test_what_cannot_be_had_is_told_with_its_distribution(name: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        from_entry_point("scorer 'x'", name, ("leaf",))


def test_a_name_that_ships_is_told_to_hide_another() -> None:
    said = (
        "'leaf' is the scorer that ships with affectree; the distribution my-scorers offers one of this name, spec: my_trees:leaf"
    )
    assert hidden_by_shipped("leaf") == said
    assert hidden_by_shipped("root") is None
    with pytest.warns(UserWarning, match=f"^scorer 'x': {said}$"):
        load_scorer(ScorerSpec("x", "leaf"))
