"""What a config says of a scorer, checked and made ready to travel."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import (
    FunctionSpec,
    PluginError,
    ScorerSpec,
    check_spec,
    is_shipped,
    read_source,
    use_instead,
    with_source,
)


def test_a_spec_is_found_by_its_target_and_runs_at_its_place() -> None:
    assert (ScorerSpec("leaf").target, ScorerSpec("leaf").place) == ("leaf", "inline")
    mine = ScorerSpec("leaf", "mine.py:leaf")
    assert (mine.target, mine.place) == ("mine.py:leaf", "process")
    assert ScorerSpec("leaf", isolation="process").place == "process"
    assert is_shipped("tree_edit")
    assert not is_shipped("rewards.scorers:tree_edit")
    assert not is_shipped("f1_score")


def test_a_files_text_travels_and_nothing_else_does(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("é = 1\n", encoding="utf-8")
    source = with_source(ScorerSpec("mine", f"{file}:f")).source
    assert source is not None
    assert (source.path, source.text) == (str(file), "é = 1\n")
    assert source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    for target in ("leaf", "package.module:f"):
        assert read_source("scorer 'mine'", target) is None
    with pytest.raises(PluginError, match=r"^scorer 'mine': absent\.py: no such file"):
        with_source(ScorerSpec("mine", "absent.py:f"))


def test_specs_are_pickled_for_workers() -> None:
    for spec in (ScorerSpec("leaf", parameters={"a": [1]}), FunctionSpec("grpo", {"a": 1})):
        assert pickle.loads(pickle.dumps(spec)) == spec


def test_impossible_settings_are_refused_together() -> None:
    check_spec(ScorerSpec("leaf", mode="group", isolation="thread", adapter="trl", on_error=0.5, memory_gib=0))
    with pytest.raises(PluginError) as refused:
        check_spec(ScorerSpec("mine", "", {}, "zzz", "jail", "tlr", 0, -1, "dorp", -1))  # type: ignore[arg-type]
    assert str(refused.value).removeprefix("scorer 'mine': ").split("; ") == [
        "mode must be one of sample, batch, group, found 'zzz'",
        "isolation must be one of process, thread, inline, found 'jail'",
        "adapter must be one of trl, trl_conversational, verl, verl_batch, openrlhf, ms_swift, easyr1, found 'tlr'",
        "did you mean 'trl'?",
        "timeout must be a number of seconds above 0, found 0",
        "retries must be 0 or more, found -1",
        "memory_gib must be 0 or more, found -1",
        "on_error must be drop, fail or a finite number, found 'dorp'",
        "did you mean 'drop'?",
    ]


def test_a_text_stands_in_for_a_file_that_is_gone_in_a_process_of_its_own_too(tmp_path: Path) -> None:
    file = tmp_path / "gone.py"
    file.write_text("def score(sample): return 0.25\n")
    target = f"{file}:score"
    source = read_source("x", target)
    file.unlink()
    with pytest.raises(PluginError, match="no such file"):
        start_runner(ScorerSpec("mine", target))
    use_instead(target, source)
    runner = start_runner(ScorerSpec("mine", target))
    runner.close()
    assert source is not None
    assert runner.sha256 == source.sha256
    use_instead(target, None)
    with pytest.raises(PluginError, match="no such file"):
        read_source("x", target)
