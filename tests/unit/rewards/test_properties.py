"""What holds for every text: readers never raise, scores keep their range, and neighbours do not matter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import ScorerSpec
from rewards.sample import RewardSample
from rewards.tools.reward_hacks import ANSWER
from tests.fuzz_parser import GOLD_TEXT, check, texts

NAMES = ("structure", "leaf", "root", "expression", "tree_edit", "qa", "format", "au", "emotion_wheel", "caption", "caption_tree")


@given(texts)
@settings(max_examples=300, deadline=None)
def test_readers_are_total_and_scores_keep_their_range(text: str) -> None:
    check(text)


@given(st.lists(texts, min_size=2, max_size=5), st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_sample_scores_the_same_in_any_company(completions: list[str], rng) -> None:
    samples = [RewardSample(text, answer=ANSWER, tree=GOLD_TEXT) for text in completions]
    order = list(range(len(samples)))
    rng.shuffle(order)
    for name in NAMES:
        runner = start_runner(ScorerSpec(name))
        together = runner.score(samples)
        mixed = runner.score([samples[index] for index in order])
        assert mixed == [together[index] for index in order], name
        assert runner.score(samples[:1]) == together[:1], name
