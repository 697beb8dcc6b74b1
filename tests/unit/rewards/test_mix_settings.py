"""A mix read from settings and files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rewards.mix import MixEntry, build_mix
from rewards.mix_settings import mix_entries, read_mix, read_mix_settings
from rewards.plugins.spec import PluginError, ScorerSpec


def test_settings_become_entries() -> None:
    assert mix_entries(
        {"leaf": {}, "mine": {"spec": "root", "weight": 2, "tasks": ["a*"], "timeout": 3, "level": "attribute"}}
    ) == [
        MixEntry(ScorerSpec("leaf"), 1.0, ("*",), "attribute"),
        MixEntry(ScorerSpec("mine", "root", timeout=3), 2.0, ("a*",), "attribute"),
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tasks": "rationale"}, "tasks must be a list"),
        ({"weight": -1}, "weight must be a number of 0 or more"),
        ({"wait": 1}, "unknown key wait"),
        ({"weight": math.nan}, "weight must be a number"),
        ({"weight": "heavy"}, "weight must be a number"),
        ({"tasks": []}, "tasks must be a list"),
        ({"spec": 1}, "spec must be text"),
        ({"parameters": [1]}, "parameters must be `key: value` pairs"),
        ({"timeout": "soon"}, "timeout must be a number"),
        ({"memory_gib": -1}, "memory_gib must be 0 or more"),
        ({"isolation": "container"}, "isolation must be one of"),
        ({"on_error": True}, "finite number"),
        ({"on_error": math.nan}, "finite number"),
        ({"level": "top"}, "level must be one of"),
        ({"weight": 0, "on_error": "fail"}, "on_error must not be fail with weight 0, which observes"),
    ],
)
def test_settings_that_would_be_misread_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(PluginError, match=f"^scorer 'root': .*{said}"):
        build_mix(mix_entries({"root": given}))


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(PluginError, match=r"unknown key weigth; did you mean 'weight'\?; tasks must be .*; weight must be"):
        mix_entries({"root": {"weigth": 1, "tasks": "a", "weight": -1}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scorers: {root: [", "not valid YAML"),
        ("scorers: {root: mine.py}", "the settings of root must be `key: value` pairs"),
        ("scorers: [root]", "`scorers` must be `key: value` pairs, found a list"),
        ("", "names no scorers; it needs `scorers:`, `rewards: scorers:` or `rewards: mix:`"),
        ("scorer: {root: {}}", "names no scorers; .*; did you mean 'scorers'\\?"),
        ("scorers: {root: {weight: 0}, qa: {weight: 0.0}}", "root, qa only observe, with weight 0; give one scorer a weight"),
        ("rewards: [1]", "`rewards` must be `key: value` pairs, found a list"),
        ("rewards: {mix: [1]}", "`mix` must be the name of a YAML file, found a list"),
    ],
)
def test_a_mix_file_that_cannot_be_used_is_told_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mix.yaml"
    file.write_text(text)
    with pytest.raises(PluginError, match=f"mix.yaml: .*{said}"):
        read_mix(file)


def test_a_mix_with_a_mix_below_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rewards:\n  mix: configs/rewards/default.yaml\n  scorers:\n    root: {weight: 9}\n    length: {}\n")
    entries = {entry.scorer.name: entry for entry in read_mix(file)}
    assert set(entries) == {"root", "leaf", "expression", "edges", "tree_edit", "structure", "qa", "format", "length"}
    assert (entries["root"].weight, entries["root"].tasks) == (9.0, ("rationale",))
    assert read_mix_settings(file)["root"] == {"weight": 9, "tasks": ["rationale"]}


def test_a_mix_that_leads_back_to_itself_is_told(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(f"rewards: {{mix: {other}}}\n")
    other.write_text(f"rewards: {{mix: {one}}}\n")
    with pytest.raises(PluginError, match=r"one\.yaml: its rewards.mix leads back to itself; name another file there"):
        read_mix(one)


def test_what_ships_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = Path("configs/rewards/answer.yaml")
    assert [entry.scorer.name for entry in read_mix(shipped)] == ["qa"]
    shipped.parent.mkdir(parents=True)
    shipped.write_text("scorers: {leaf: {}}\n")
    assert [entry.scorer.name for entry in read_mix(shipped)] == ["leaf"]  # one that is here comes first
