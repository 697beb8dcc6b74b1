"""Relative paths become absolute ones, and nothing else changes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from rl.config.load import load_config
from rl.config.paths import Written, absolute, written

HOME = Path("/home/x")


def changed(*words: str, where: Path = HOME) -> dict[str, str]:
    """What becomes of the settings that words give: key -> absolute path, without those that any configuration has."""
    config = load_config(None, words, files=False)
    found = {key: one.path for key, one in written(config, where).items() if key not in ("runs", "data.directory")}
    after: Any = asdict(absolute(config, where))
    for key, path in found.items():
        value = after
        for part in key.split("."):
            value = value[part]
        assert value == path
    return found


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("data.train=rows/a.jsonl", "/home/x/rows/a.jsonl"),
        ("data.test=./rows/*.json", "/home/x/rows/*.json"),
        ("data.media_root=../clips", "/home/clips"),
        ("data.format=mine.py:read", "/home/x/mine.py:read"),
        ("grpo.estimator=a/rank.py:Class.rank", "/home/x/a/rank.py:Class.rank"),
        ("grpo.credit=a.py:f", "/home/x/a.py:f"),
        ("grpo.loss=a.py:f", "/home/x/a.py:f"),
        ("rollout.transfer=a.py:T", "/home/x/a.py:T"),
        ("model.path=./policy", "/home/x/policy"),
        ("tracking.uri=sqlite:///my/m.db?timeout=5", "sqlite:////home/x/my/m.db?timeout=5"),
        ("tracking.uri=file:./mlruns", "file:///home/x/mlruns"),
        ("tracking.uri=mlruns", "/home/x/mlruns"),
    ],
)
def test_what_names_a_file_starts_at_the_folder(word: str, path: str) -> None:
    words = [word, "model.init=checkpoint"] if word.startswith("model.path") else [word, "model.init=tiny"]
    assert changed(*MINIMAL, *words) == {word.partition("=")[0]: path}


MINIMAL = ("grpo.mix={rationale: 1}", "rewards.scorers={leaf: {}}")


@pytest.mark.parametrize(
    "word",
    [
        "model.path=Qwen/Qwen2.5-VL-3B-Instruct",
        "data.train=/rows/*.jsonl",
        "data.format=package.module:read",
        "grpo.estimator=gdpo",
        "grpo.loss=/a.py:f",
        "tracking.uri=sqlite:////srv/m.db",
        "tracking.uri='sqlite:///:memory:'",
        "tracking.uri=http://localhost:5000",
        "tracking.uri=databricks",
        "tracking.uri=databricks://profile",
    ],
)
def test_other_names_stay(word: str) -> None:
    words = [word] if word.startswith("model.path") else [word, "model.init=tiny"]
    assert changed(*MINIMAL, *words) == {}


def test_a_model_is_a_folder_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine" / "policy").mkdir(parents=True)
    words = (*MINIMAL, "model.path=mine/policy")
    assert changed(*words, where=tmp_path) == {"model.path": str(tmp_path / "mine/policy")}


def test_scorers_by_spec_by_name_and_the_files_of_their_endpoints() -> None:
    endpoint = "{judge: {url: 'http://localhost', model: m, cache: answers.db}}"
    config = load_config(
        None,
        [
            *("model.init=tiny", "grpo.mix={rationale: 1}"),
            f"rewards.scorers={{mine: {{spec: 's.py:f'}}, 't.py:g': {{}}, leaf: {{}}, caption: {{parameters: {endpoint}}}}}",
        ],
        files=False,
    )
    scorers = absolute(config, HOME).rewards.scorers
    specs = {"mine": "/home/x/s.py:f", "t.py:g": "/home/x/t.py:g", "leaf": "", "caption": ""}
    assert {name: one.spec for name, one in scorers.items()} == specs
    assert scorers["caption"].parameters["judge"]["cache"] == "/home/x/answers.db"
    assert config.rewards.scorers["caption"].parameters["judge"]["cache"] == "answers.db"
    given = written(config, HOME)
    assert given["rewards.scorers.t.py:g.spec"].word == "t.py:g"
    assert given["rewards.scorers.caption.parameters.judge.cache"].word == "answers.db"


def test_data_sets_each_have_their_places(tmp_path: Path) -> None:
    folder = tmp_path / "[old]"  # whose name would be a pattern
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.json").write_text("[]")
    config = load_config(
        None, ["model.init=tiny", *MINIMAL, "data.sets={one: {train: 'a/*.json', media_root: clips}}"], files=False
    )
    one = absolute(config, folder).data.sets["one"]
    assert one.train is not None
    assert [str(path) for path in Path("/").glob(one.train.lstrip("/"))] == [str(folder / "a/1.json")]
    assert one.media_root == str(folder / "clips")


def test_absolute_paths_are_not_given_otherwise() -> None:
    config = load_config(None, ["model.init=tiny", *MINIMAL], files=False)
    assert written(config, HOME)["data.directory"] == Written("data/faces", "/home/x", "/home/x/data/faces")
    assert written(absolute(config, HOME), Path("/elsewhere")) == {}
