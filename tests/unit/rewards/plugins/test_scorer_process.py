"""Outcomes go from a scorer's process to its parent as JSON."""

import json

import pytest

from rewards.plugins.scorer_process import as_json, from_json
from rewards.sample import Failure, Outcome, Score


@pytest.mark.parametrize(
    "outcome", [None, Score(0.5), Score(-1.0, {"a": 2.0}), Failure("no"), Failure("busy", infrastructure=True)]
)
def test_an_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    assert from_json(json.loads(json.dumps(as_json(outcome)))) == outcome
