"""Scores of held-out captions, taken from the rewards of the mix."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.sample import Reward
from rl.config.load import load_config
from rl.run.judged import caption_scores
from rollout.samples import ScoredGroup
from tests.unit.stations import group, prompt, scored

CONFIG = load_config(
    Path("configs/quickstart.yaml"), ["rewards.scorers.short={spec: caption, tasks: ['*_caption'], on_error: 0}"]
)


def held_out(key: str, task: str, reward: Reward) -> ScoredGroup:
    return scored(group(["she smiles"], prompt(key, task)), [reward])


def test_captions_have_the_score_of_their_scorer_and_other_rows_none() -> None:
    rows = [
        held_out("a", "action_caption", Reward(0.5, {"short": 0.8, "format": 0.0})),
        held_out("b", "emotion_single", Reward(1.0, {"qa": 1.0})),
        held_out("c", "action_caption", Reward(0.5, {"format": 1.0})),
    ]
    assert caption_scores(CONFIG, rows) == {"a": 0.8, "c": None}


def test_those_that_could_not_be_judged_are_left_out_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        held_out("a", "action_caption", Reward(0.0, {"short": 0.0}, errors={"short": "the judge was stopped"})),
        held_out("b", "action_caption", Reward(0.8, {"short": 0.8})),
    ]
    assert caption_scores(CONFIG, rows) == {"a": None, "b": 0.8}
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 2 held-out captions could not be judged and are left out; the first: the judge was stopped" in said
