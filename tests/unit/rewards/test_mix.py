"""The mix: scorers by task and weight, and what becomes of their faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rewards.mix import MixEntry, RewardMix, ScorerFailed, build_mix, with_sources
from rewards.mix_settings import mix_entries
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import RewardSample
from tests.unit.rewards.conftest import Marked
from tests.unit.rewards.rationales import GOOD

SCORERS = """
def half(sample): return {"score": 0.5, "seen": 1}
def size(samples): return [len(samples)] * len(samples)
def fails(sample): raise ValueError("no")
def abstains(sample): return None
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SCORERS)
    return path


def mix_of(file: Path, **scorers: dict[str, Any]) -> RewardMix:
    return build_mix(
        mix_entries({name: {"spec": f"{file}:{name}", "isolation": "inline", **given} for name, given in scorers.items()})
    )


def test_the_mix_routes_by_task_and_weighs() -> None:
    mix = build_mix(mix_entries({"root": {"weight": 3, "tasks": ["rationale"]}, "qa": {"weight": 1}}))
    wrong_root = mix(RewardSample(GOOD.replace("m1 angry", "m1 sad").replace("Angry", "sad"), answer="sad", tree=GOOD))
    assert wrong_root.value == pytest.approx(0.25)
    assert dict(wrong_root.parts) == {"root": 0.0, "qa": 1.0}
    assert dict(wrong_root.levels) == {"emotion": 0.0}
    assert wrong_root.rest == 1.0
    question = RewardSample("angry", task="emotion_single", answer="angry")
    assert dict(mix(question).parts) == {"qa": 1.0}
    nothing = build_mix(mix_entries({"root": {"tasks": ["rationale"]}}))(question)
    assert (nothing.value, nothing.abstained, dict(nothing.errors)) == (None, True, {})


def test_tasks_are_patterns() -> None:
    entry = MixEntry(ScorerSpec("qa"), tasks=("rationale", "emotion_*"))
    assert [entry.applies_to(task) for task in ("rationale", "emotion_fine", "qa")] == [True, True, False]
    assert MixEntry(ScorerSpec("qa")).applies_to("anything")
    assert [MixEntry(ScorerSpec("qa"), weight, ("a",)).counts_for("a") for weight in (0.0, 1.0)] == [False, True]
    assert not MixEntry(ScorerSpec("qa"), tasks=("a",)).counts_for("b")


def test_parts_carry_their_scorers_name(file: Path) -> None:
    assert dict(mix_of(file, half={})(RewardSample("")).parts) == {"half": 0.5, "half.seen": 1.0}


def test_groups_are_kept_apart(file: Path) -> None:
    mix = mix_of(file, size={"mode": "group"})
    samples = [RewardSample(str(n), group=group) for n, group in enumerate("aabab")]
    assert [reward.value for reward in mix.score(samples)] == [3, 3, 2, 3, 2]


def test_a_fault_drops_its_sample_is_replaced_or_ends_the_run(file: Path) -> None:
    dropped = mix_of(file, half={}, fails={})(RewardSample(""))
    assert dropped.value is None
    assert dict(dropped.parts) == {"half": 0.5, "half.seen": 1.0}
    assert "ValueError: no" in dropped.errors["fails"]
    replaced = mix_of(file, half={}, fails={"on_error": 0.1})(RewardSample(""))
    assert replaced.value == pytest.approx(0.3)
    assert "ValueError: no" in replaced.errors["fails"]
    with pytest.raises(ScorerFailed, match="scorer 'fails' failed, and its on_error is fail: ValueError: no"):
        mix_of(file, fails={"on_error": "fail"})(RewardSample(""))


def test_a_scorer_that_does_not_apply_is_left_out(file: Path) -> None:
    reward = mix_of(file, half={}, abstains={"weight": 9})(RewardSample(""))
    assert (reward.value, dict(reward.errors)) == (0.5, {})


def test_a_reward_is_scored_failed_or_abstained(file: Path) -> None:
    """Abstaining counted as a failure, and stopped a run."""
    mixes = [mix_of(file, abstains={}), mix_of(file, abstains={}, half={}), mix_of(file, abstains={}, fails={})]
    rewards = [mix(RewardSample("")) for mix in mixes]
    assert [(reward.value, reward.abstained, set(reward.errors)) for reward in rewards] == [
        (None, True, set()),
        (0.5, False, set()),
        (None, False, {"fails"}),
    ]


def test_a_scorer_of_weight_0_observes(file: Path) -> None:
    """One that raised left no sample of a run a reward."""
    reward = mix_of(file, half={}, fails={"weight": 0})(RewardSample(""))
    assert (reward.value, dict(reward.errors)) == (0.5, {})
    assert "ValueError: no" in reward.observer_errors["fails"]
    seen = mix_of(file, half={"weight": 0, "level": "emotion"}, size={"mode": "group"})(RewardSample(""))
    assert (seen.value, dict(seen.levels), seen.rest) == (1.0, {}, 1.0)
    assert dict(seen.parts) == {"half": 0.5, "half.seen": 1.0, "size": 1.0}


def test_what_is_observed_is_no_reward(file: Path) -> None:
    reward = mix_of(file, half={"weight": 0}, abstains={}, fails={"weight": 0, "on_error": 0.25})(RewardSample(""))
    assert (reward.value, reward.abstained, dict(reward.errors)) == (None, True, {})
    assert dict(reward.parts) == {"half": 0.5, "half.seen": 1.0, "fails": 0.25}
    assert list(reward.observer_errors) == ["fails"]


def test_entries_travel_with_their_text(file: Path) -> None:
    (entry,) = with_sources(mix_entries({"half": {"spec": f"{file}:half", "isolation": "inline"}}))
    file.unlink()
    assert entry.scorer.source is not None
    assert build_mix([entry])(RewardSample("")).value == 0.5


def test_a_mix_that_cannot_be_built_leaves_no_process(file: Path, marked: Marked) -> None:
    entries = mix_entries({"half": {"spec": f"{file}:half"}, "absent": {"spec": f"{file}:absent"}})
    with pytest.raises(PluginError, match="has no 'absent'"):
        build_mix(entries)
    assert marked.left() == []


def test_a_closed_mix_leaves_no_process(file: Path, marked: Marked) -> None:
    with build_mix(mix_entries({"half": {"spec": f"{file}:half"}})) as mix:
        assert mix(RewardSample("")).value == 0.5
        assert marked.at_least(2)
    assert marked.left() == []
