"""The stations of a sample."""

from __future__ import annotations

import numpy as np
import pytest

from rewards.sample import Reward
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, Sample, TokenCredit, TokenGroup, TrainingGroup, VersionSpan, reward_sample
from tests.unit.stations import encoded_text, group, prompt, scored


def test_shared_sections_are_drawn_once() -> None:
    one = np.zeros(1, dtype=np.int64)
    paths = [((0, 0, 0), (3, 5, 9)), ((0, 0, 1), (3, 5, 6)), ((0, 1, 0), (3, 7, 8)), ((1,), (4,)), ((1,), (4,))]
    samples = tuple(
        Sample(one, np.zeros(ends[-1], dtype=np.int64), one, "", "stop", (VersionSpan(1, ends[-1]),), path, ends)
        for path, ends in paths
    )
    drawn = Group(prompt(), samples)
    assert drawn.drawn_tokens() == 3 + 2 + 4 + 1 + 4 + 1 + 4
    assert group(["", ""], lengths=[2, 2]).drawn_tokens() == 4  # equal, but drawn twice


def test_a_training_group_hands_on_the_tokens_of_samples_that_have_an_advantage() -> None:
    drawn = scored(group(["a", "b", "c"], lengths=[2, 3, 4]), [Reward(1.0), Reward(None), Reward(0.0)])
    credit = (TokenCredit(), TokenCredit(), TokenCredit({0: 2.0}))
    tokens = TrainingGroup(**vars(drawn), advantages=(0.5, None, -0.5), credit=credit).tokens()
    assert tokens is not None
    assert [len(reply) for reply in tokens.replies] == [2, 4]
    assert [len(log_probs) for log_probs in tokens.log_probs] == [2, 4]
    assert tokens.advantages == (0.5, -0.5)
    assert tokens.credit == (TokenCredit(), TokenCredit({0: 2.0}))
    assert tokens.reply_tokens() == 6
    assert TrainingGroup(**vars(drawn), advantages=(None,) * 3, credit=credit).tokens() is None


def test_tokens_for_log_probs_need_no_advantages() -> None:
    tokens = TokenGroup.of(group(["a", "b"], lengths=[2, 3]))
    assert (tokens.log_probs, tokens.advantages, tokens.credit) == ((), (), ())
    assert [len(reply) for reply in tokens.only([1]).replies] == [3]


def test_credit_is_laid_on_tokens() -> None:
    np.testing.assert_array_equal(TokenCredit().over(0.5, 2), np.array([0.5, 0.5], dtype=np.float32))
    lines = TokenCredit(lines={1: 2.0}).over(0.5, 3, [0, 1, -1])
    np.testing.assert_array_equal(lines, np.array([0.5, 2.0, 0.5], dtype=np.float32))
    sections = TokenCredit(sections=((2, 1.0), (3, -1.0)))
    np.testing.assert_array_equal(sections.over(0.5, 3), np.array([1, 1, -1], dtype=np.float32))
    with pytest.raises(ValueError, match="end at token 3 of a sample of 4"):
        sections.over(0.5, 4)


def test_a_sample_is_as_old_as_the_oldest_weights_that_drew_a_part_of_it() -> None:
    (one,) = group([""], versions=[(5, 7)]).samples
    assert (one.version, one.age(7)) == (5, 2)


def test_scorers_see_the_row_and_the_completion() -> None:
    row = Row(
        index=0,
        question="Which?",
        media=(),
        task="emotion",
        source="faces/ER",
        answer="sad, happy",
        answers=("sad", "happy"),
        tree="tree",
        covers={"root": True},
        reference="reply",
        options=("sad", "happy"),
        columns={"id": 7, "source": "other"},
    )
    one = np.zeros(1, dtype=np.int64)
    sample = Sample(one, np.array([3, 4]), np.zeros(2, dtype=np.float32), "sad", "length", (VersionSpan(1, 2),))
    seen = reward_sample(Prompt("s1/0", row, encoded_text(one)), sample)
    assert (seen.completion, seen.completion_ids, seen.completion_tokens, seen.finish_reason) == ("sad", (3, 4), 2, "length")
    assert (seen.task, seen.prompt, seen.answer, seen.tree) == ("emotion", "Which?", "sad, happy", "tree")
    assert (seen.answers, seen.covers) == (("sad", "happy"), {"root": True})
    assert (seen.options, seen.group, seen.columns) == (("sad", "happy"), "s1/0", {"id": 7, "source": "faces/ER"})
