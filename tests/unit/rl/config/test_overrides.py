"""The table beside: settings over a configuration, what comes of them, or the one line that refuses them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from rl.config.load import ConfigError, load_config

BARE = """
model: {init: tiny}
data: {faces: {}}
grpo: {mix: {rationale: 1}}
rewards: {scorers: {leaf: {}}}
evaluation: {every: 1}
"""
MINE = "def estimate(rewards, scale=1):\n    return rewards\n"


@dataclass(frozen=True)
class Case:
    """An entry of the table."""

    words: Sequence[str] = ()
    config: str = "quickstart"
    files: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, Any] = field(default_factory=dict)
    """Key -> the value that the config has in the end."""
    names: Mapping[str, list[str]] = field(default_factory=dict)
    """Mapping -> the names in it, in order."""
    said: str = ""
    """The whole line; `…` stands for anything."""

    def __str__(self) -> str:
        return " ".join([self.config, *self.words])


CASES = [Case(**entry) for entry in yaml.safe_load((Path(__file__).parent / "overrides.yaml").read_text())]


def value_of(config: Any, key: str) -> Any:
    """What a config has at a dotted key; names have no dots here."""
    found = asdict(config)
    for part in key.split("."):
        found = found[part]
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_override_does_what_it_says_or_is_refused_in_one_line(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = {"bare.yaml": BARE, "mine.py": MINE, "rows.jsonl": "", "model/config.json": '{"model_type": "qwen2_5_vl"}'}
    for name, text in {**there, **case.files}.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    if case.said:
        with pytest.raises(ConfigError) as refused:
            load_config(Path(case.config), case.words)
        said = str(refused.value).removeprefix("the configuration cannot be used: ")
        assert re.fullmatch(re.escape(case.said).replace("…", ".*"), said), said
    else:
        config = load_config(Path(case.config), case.words)
        assert {key: value_of(config, key) for key in case.then} == case.then
        assert {key: list(value_of(config, key)) for key in case.names} == case.names


def test_no_case_stands_twice_and_each_says_something() -> None:
    assert len({repr((case.config, case.words, case.files)) for case in CASES}) == len(CASES) >= 30
    assert all(bool(case.said) != bool(case.then or case.names) for case in CASES)
