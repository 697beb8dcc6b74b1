"""The shipped mix of the paper: every kind of row of the published data is paid, by the reward that its figure 3 gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rewards.mix import RewardMix, build_mix
from rewards.mix_settings import read_mix
from rewards.sample import RewardSample
from rewards.scorers import judge
from rewards.scorers.questions import Question, Read
from tests.unit.rewards.rationales import GOOD

CAPTION = "A young woman with long red hair smiles. She looks very happy."
YES_NO = ("Yes", "No")
EMOTIONS = ("Anxiety", "Surprise", "Neutral", "Disgust", "Sadness", "Fear", "Contempt", "Anger", "Helplessness")
ROWS = [
    ("qa", RewardSample("A", "qa", answer="A", options=("round chin", "pointed chin"))),
    ("qa", RewardSample("B", "attribute_closed", answer="B", options=("round chin", "pointed chin"))),
    ("qa", RewardSample("Yes", "identity", answer="Yes", options=YES_NO)),
    ("qa", RewardSample("L60", "head_pose", answer="L60", options=("Front", "R60", "L60"))),
    ("qa", RewardSample("Young, Smiling", "appearance", answer="Smiling, Young")),
    ("qa", RewardSample("talk, nod", "actions", answer="nod, talk")),
    ("qa", RewardSample("Positive", "sentiment_single", answer="Positive", options=("Positive", "Neutral", "Negative"))),
    ("qa", RewardSample("Weak Negative", "sentiment_fine", answer="Weak Negative")),
    ("qa", RewardSample("A", "emotion_single", answer="Anxiety", options=EMOTIONS)),
    ("qa", RewardSample("FB", "emotion_multi", answer="BF", options=EMOTIONS)),
    ("qa", RewardSample("Angry (strong)", "emotion_fine", answer="angry (strong)")),
    ("qa", RewardSample("Repression", "micro_expression", answer="Repression")),
    ("qa", RewardSample("AU6, AU12", "action_units", answer="AU12, AU6")),
    ("qa", RewardSample("Intimate", "conversation", answer="Intimate")),
    ("caption", RewardSample("almond eyes, brown", "attribute_open", answer="brown almond eyes")),
    ("caption", RewardSample("a smile", "expression_open", answer="smile")),
    ("caption", RewardSample(CAPTION, "appearance_caption", answer=CAPTION)),
    ("caption", RewardSample(CAPTION, "action_caption", answer=CAPTION)),
    ("caption", RewardSample(CAPTION, "expression_caption", answer=CAPTION)),
    ("caption_tree", RewardSample(CAPTION, "fine_caption", answer=CAPTION)),
    ("caption_tree", RewardSample(CAPTION, "rationale_text", answer=CAPTION)),
    ("tree_edit", RewardSample(GOOD, "rationale", answer="angry", tree=GOOD)),
]


class Generous:
    """A judge that likes everything."""

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        return read('{"score": 100}')


@pytest.fixture
def mix() -> Iterator[RewardMix]:
    with judge.hosting(Generous()), build_mix(read_mix(Path("configs/rewards/videmo.yaml"))) as built:
        yield built


@pytest.mark.parametrize(("scorer", "sample"), ROWS, ids=[sample.task for _, sample in ROWS])
def test_each_kind_of_row_is_paid_by_its_reward(mix: RewardMix, scorer: str, sample: RewardSample) -> None:
    right, empty = mix.score([sample, replace(sample, completion="")])
    assert right.value == right.parts[scorer] == 1.0
    assert not right.errors
    assert empty.value is not None and empty.value < 0.2
    counted = {item.entry.scorer.name for item in mix.scorers if item.entry.weight and item.entry.applies_to(sample.task)}
    assert counted == {scorer}


def test_without_a_run_that_hosts_one_the_judge_is_missed_by_name() -> None:
    with build_mix(read_mix(Path("configs/rewards/videmo.yaml"))) as mix:
        reward = mix(RewardSample(CAPTION, "action_caption", answer=CAPTION))
    assert reward.value is None
    assert "rewards.judge" in reward.errors["caption"]
