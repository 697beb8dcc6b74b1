"""A run goes on with the texts that it keeps where files are gone, and says where they have changed."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewards.plugins.importing import MODULES
from rewards.plugins.spec import PluginError, read_source, use_instead
from rl.config.schema import Config, ScorerConfig
from rl.config.sections.data import DataSetConfig
from rl.record.runs.errors import RunError
from rl.record.runs.sources import Sources

PROJECT = Path(__file__).parents[5]
TEXT = "from helper import value\n\n\ndef score(sample):\n    return value\n\n\ndef other(sample):\n    return 0\n"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text(TEXT)
    (tmp_path / "code" / "helper.py").write_text("value = 1\n")
    found = Config()
    found.rewards.scorers = {name: ScorerConfig(spec=f"{tmp_path}/code/mine.py:{name}") for name in ("score", "other")}
    yield found
    use_instead(f"{tmp_path}/code/mine.py:score", None)


@pytest.fixture
def sources(config: Config, tmp_path: Path) -> Sources:
    found = Sources(tmp_path / "run" / "sources")
    found.path.parent.mkdir()
    found.go_on(config)
    return found


def begun_anew(sources: Sources) -> Sources:
    """As another process opens them."""
    found = Sources(sources.path)
    found.stand_in()
    return found


def test_texts_are_kept_with_the_files_beside_them(sources: Sources, config: Config) -> None:
    kept = sources.read()
    assert list(kept) == ["rewards.scorers.score.spec", "rewards.scorers.other.spec"]
    (folder,) = {one.folder for one in kept.values()}
    assert {str(file.relative_to(sources.path / folder)) for file in (sources.path / folder).rglob("*")} == {
        "mine.py",
        "helper.py",
    }
    assert begun_anew(sources).go_on(config) == []


def test_a_run_that_begins_uses_the_texts_that_it_keeps(sources: Sources, config: Config, tmp_path: Path) -> None:
    (tmp_path / "code" / "mine.py").write_text("def score(sample): ...")
    source = read_source("x", config.rewards.scorers["score"].spec)
    assert source is not None
    assert source.text == TEXT


@pytest.mark.parametrize("lost", [("mine.py", "helper.py"), ("mine.py",), ("helper.py",)])
def test_a_file_that_is_gone_is_stood_in_for_and_told(
    sources: Sources, config: Config, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    for name in lost:
        (tmp_path / "code" / name).unlink()
    target, again = config.rewards.scorers["score"].spec, begun_anew(sources)
    source = read_source("x", target)
    assert source is not None
    assert source.sha256 == sources.read()["rewards.scorers.score.spec"].sha256
    (told,) = again.go_on(config)
    keys = "rewards.scorers.score.spec, rewards.scorers.other.spec"
    assert told.startswith(f"{keys}: {tmp_path}/code/{lost[0]} is gone; the text that the run keeps is used (")
    assert begun_anew(sources).go_on(config) == [told]


def test_a_file_that_is_back_is_used_again(sources: Sources, config: Config, tmp_path: Path) -> None:
    (tmp_path / "code" / "mine.py").rename(tmp_path / "aside.py")
    assert begun_anew(sources).go_on(config)
    (tmp_path / "aside.py").rename(tmp_path / "code" / "mine.py")
    assert begun_anew(sources).go_on(config) == []


def test_a_file_that_has_changed_is_used_and_its_difference_told_once(sources: Sources, config: Config, tmp_path: Path) -> None:
    former = sources.read()["rewards.scorers.score.spec"]
    (tmp_path / "code" / "helper.py").write_text("value = 2\n")
    (told,) = begun_anew(sources).go_on(config)
    head, *difference = told.splitlines()
    path = f"{sources.path}/{former.folder}/mine.py"
    assert head == (
        f"rewards.scorers.score.spec, rewards.scorers.other.spec: {tmp_path}/code/mine.py has changed, and is used as it is now; "
        f"for the former text resume with rewards.scorers.score.spec={path}:score rewards.scorers.other.spec={path}:other"
    )
    assert difference == ["--- before/helper.py", "+++ now/helper.py", "@@ -1 +1 @@", "-value = 1", "+value = 2"]
    now = sources.read()["rewards.scorers.score.spec"]
    assert (now.former, now.sha256 != former.sha256) == ((former.folder,), True)
    assert begun_anew(sources).go_on(config) == []


def test_a_text_that_never_was_is_missed(config: Config, sources: Sources, tmp_path: Path) -> None:
    config.rewards.scorers["score"].spec = f"{tmp_path}/code/third.py:score"
    with pytest.raises(PluginError, match="no such file"):
        begun_anew(sources).go_on(config)


def test_formats_of_data_sets_and_modules_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "read_me.py").write_text("def read(row): return row\n")
    (tmp_path / "affectree_test_module.py").write_text("def estimate(rewards): ...\n")
    config = Config()
    config.data.sets = {"one": DataSetConfig(format=f"{tmp_path}/read_me.py:read")}
    config.grpo.estimator = "affectree_test_module:estimate"
    sources = Sources(tmp_path / "sources")
    sources.go_on(config)
    kept = sources.read()
    assert {key: bool(one.folder) for key, one in kept.items()} == {"grpo.estimator": False, "data.sets.one.format": True}
    sources._write(
        {**kept, "grpo.estimator": kept["data.sets.one.format"].__class__("affectree_test_module:estimate", "another")}
    )
    (told,) = sources.go_on(config)
    assert told == "grpo.estimator: affectree_test_module:estimate is of another version than before, and is used as it is now"


def test_a_module_of_the_working_directory_is_found_from_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "affectree_test_here.py").write_text("def estimate(rewards): ...\n")
    monkeypatch.setenv(MODULES, "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path / "here")
    config = Config()
    config.grpo.estimator = "affectree_test_here:estimate"
    sources = Sources(tmp_path / "sources")
    sources.go_on(config)
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one != str(tmp_path / "here")])
    importlib.invalidate_caches()
    assert begun_anew(sources).go_on(config) == []
    assert sources.read()["grpo.estimator"].where == str(tmp_path / "here")
    child = "from rewards.plugins.importing import from_module; from_module('x', 'affectree_test_here').estimate"
    subprocess.run([sys.executable, "-c", child], check=True, env={**os.environ, "PYTHONPATH": str(PROJECT)})


def test_a_damaged_record_is_refused(sources: Sources) -> None:
    (sources.path / "sources.json").write_text('{"a": {"targets": 1}}')
    with pytest.raises(RunError, match="does not say which texts the run keeps"):
        sources.read()
