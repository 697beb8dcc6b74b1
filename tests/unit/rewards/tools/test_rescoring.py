"""Recorded rollouts scored again, and their summary."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.sample import Reward, RewardSample
from rewards.tools.recorded import Recorded
from rewards.tools.rescoring import Rescored, rescore, summarise


def test_groups_are_scored_together(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def size(samples): return [len(samples)] * len(samples)\n")
    recorded = [Recorded(str(n), RewardSample(str(n), group=group), None) for n, group in enumerate("aabab")]
    with build_mix(mix_entries({"size": {"spec": f"{file}:size", "mode": "group"}})) as mix:
        found = list(rescore(mix, recorded))
    assert [(item.recorded.where, item.reward.value) for item in found] == [("0", 3), ("1", 3), ("3", 3), ("2", 2), ("4", 2)]
    assert len({item.milliseconds for item in found}) == 2
    assert all(item.milliseconds > 0 for item in found)


def rescored(new: float | None, old: float | None, milliseconds: float = 1.0, **parts: float) -> Rescored:
    errors = {} if new is not None else {"mine": "broke"}
    return Rescored(Recorded("x", RewardSample(""), old), Reward(new, parts, errors=errors), milliseconds)


def test_a_summary_compares_with_what_was_recorded() -> None:
    found = [rescored(1.0, 0.5, 1.0, a=1), rescored(0.0, 0.25, 2.0, a=0, b=1), rescored(None, 0.5, 3.0), rescored(0.5, None, 2.0)]
    summary = summarise(found)
    assert (summary.samples, summary.scored) == (4, 3)
    assert summary.mean == pytest.approx(0.5)
    assert summary.std == pytest.approx(math.sqrt(1 / 6))
    assert summary.parts == {"a": 0.5, "b": 1.0}
    assert summary.errors == {"mine": 1}
    assert summary.milliseconds == 2.0
    assert summary.difference == pytest.approx(0.125)
    assert summary.largest_difference == 0.5
    assert summary.correlation == pytest.approx(1.0)


def test_observers_and_abstentions_are_counted_apart() -> None:
    rewards = [Reward(1.0, observer_errors={"probe": "down"}), Reward(None, abstained=True), Reward(None, errors={"mine": "no"})]
    summary = summarise([Rescored(Recorded("x", RewardSample(""), None), reward, 1.0) for reward in rewards])
    assert (summary.scored, summary.abstained) == (1, 1)
    assert (summary.errors, summary.observer_errors) == ({"mine": 1}, {"probe": 1})


def test_what_cannot_be_told_is_none() -> None:
    summary = summarise([rescored(1.0, None), rescored(1.0, 0.5)])
    assert (summary.difference, summary.correlation) == (0.5, None)
    nothing = summarise([rescored(None, None)])
    assert math.isnan(nothing.mean)
    assert (nothing.scored, nothing.difference, nothing.largest_difference) == (0, None, None)
    assert summarise([]).samples == 0
