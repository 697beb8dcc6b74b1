"""Helpers for a researcher's own tests: `from rewards.testing import assert_scorer, gold_sample, probe_samples`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewards.plugins.spec import ScorerSpec
from rewards.sample import RewardSample
from rewards.tools.probes import probes
from rewards.tools.probing import check_scorer
from rewards.tools.reward_hacks import ANSWER, GOLD
from rewards.tree.writer import write


def assert_scorer(spec: str, task: str = "rationale", columns: Mapping[str, Any] | None = None, **settings: Any) -> None:
    """Run the checks of `affectree reward check`.

    Args:
        spec: `file.py:function`, `module:function`, an entry point or a shipped scorer.
        task: the task of the samples.
        columns: columns of the data set that the samples have.
        settings: fields of `ScorerSpec`, such as `parameters`, `mode`, `adapter` or `timeout`.

    Raises:
        AssertionError: if a check failed, with all that failed.
    """
    if not isinstance(spec, str):
        raise TypeError(f"assert_scorer takes the scorer's name as text, such as 'my_scorer.py:score', found {spec!r}")
    found = check_scorer(ScorerSpec("scorer", spec, **settings), task, columns)
    failed = [f"{finding.check}: {finding.detail}" for finding in found if finding.verdict == "failed"]
    assert not failed, "\n".join(failed)


def gold_sample(**changes: Any) -> RewardSample:
    """A sample whose completion is its gold rationale; `changes` are fields of `RewardSample` with other values."""
    facts = {"completion": write(GOLD, ANSWER), "answer": ANSWER, "tree": write(GOLD), **changes}
    return RewardSample(**facts)


def probe_samples(task: str = "rationale") -> dict[str, RewardSample]:
    """The samples with which `affectree reward check` probes a scorer, by name."""
    return {name: probe.sample for name, probe in probes(task).items()}
