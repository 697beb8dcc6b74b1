"""Estimators by name and from files, with parameters and a memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.plugins.spec import FunctionSpec, PluginError
from rl.algo.advantages import StepRewards
from rl.algo.estimators import Estimator

OWN = """
def counted(rewards, memory, step=1.0):
    memory["steps"] = memory.get("steps", 0.0) + step
    return [[memory["steps"]] * len(group) for group in rewards.values]
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return f"{file}:counted"


def test_a_memory_is_kept_for_each_use_and_can_be_gone_on_with(own: str) -> None:
    estimate = Estimator(FunctionSpec(own, {"step": 2.0}))
    rewards = StepRewards([[1.0, 0.0]])
    assert [estimate(rewards), estimate(rewards)] == [[[2.0, 2.0]], [[4.0, 4.0]]]
    assert estimate(rewards, "leaf") == [[2.0, 2.0]]
    assert estimate.memory == {"reward": {"steps": 4.0}, "leaf": {"steps": 2.0}}
    assert Estimator(FunctionSpec(own, {"step": 2.0}), estimate.memory)(rewards) == [[6.0, 6.0]]


def test_what_is_not_there_or_does_not_fit_is_told(own: str) -> None:
    with pytest.raises(PluginError, match=r"advantage estimator.*'grpoo'.*did you mean 'grpo'"):
        Estimator(FunctionSpec("grpoo"))
    with pytest.raises(PluginError, match="step"):
        Estimator(FunctionSpec(own, {"stepp": 1.0}))


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("[[1.0]]", r"it returned groups of \[1\] for samples in groups of \[2\]"),
        ("[]", r"it returned groups of \[\] for samples in groups of \[2\]"),
        ("[[1.0, float('nan')]]", "it returned nan"),
        ("[1.0, 0.0]", "what it returned is no list of lists of numbers"),
        ("[['a', 'b']]", "what it returned is no list of lists of numbers"),
        ("None", "what it returned is no list of lists of numbers"),
    ],
)
def test_what_it_returns_has_to_fit_the_samples(tmp_path: Path, returned: str, said: str) -> None:
    (tmp_path / "wrong.py").write_text(f"def wrong(rewards):\n    return {returned}\n")
    estimate = Estimator(FunctionSpec(f"{tmp_path}/wrong.py:wrong"))
    with pytest.raises(
        PluginError, match=f"^advantage estimator '.*wrong.py:wrong' must return a finite number or None .*; {said}"
    ):
        estimate(StepRewards([[1.0, 0.0]]))
