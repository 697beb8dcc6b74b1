"""What other trainers pass becomes samples."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.host_samples import HostError, rows_of, sample_of, text_of, truth_columns, whole_groups
from rewards.sample import RewardSample, Shown
from tests.unit.rewards.rationales import GOOD


def test_columns_become_rows() -> None:
    columns = {"task": ["a", "b"], "trainer_state": None, "steps": [1, 2, 3], "frames": ([], [1])}
    assert rows_of(2, columns) == [{"task": "a", "frames": []}, {"task": "b", "frames": [1]}]
    assert rows_of(0, {}) == []


def test_texts_of_texts_turns_and_parts() -> None:
    assert text_of("What?") == "What?"
    parts = [{"type": "image"}, {"type": "text", "text": "What"}, {"type": "text", "text": "is felt?"}]
    assert text_of([{"role": "system", "content": "Look."}, {"role": "user", "content": parts}]) == "Look.\nWhat\nis felt?"
    assert text_of([{"role": "assistant", "content": None, "tool_calls": []}]) == ""


def test_a_truth_is_columns_or_the_answer() -> None:
    assert truth_columns({"tree": GOOD}) == {"tree": GOOD}
    assert truth_columns(["happy"]) == {"answer": ["happy"]}


def test_a_tree_with_its_answer_and_an_answer_beside_it() -> None:
    alone = sample_of("", "", {"solution": GOOD})
    assert (alone.tree, alone.answer) == (GOOD, "Angry")
    beside = sample_of("", "", {"solution": GOOD, "ground_truth": "angry"})
    assert (beside.tree, beside.answer) == (GOOD, "angry")
    small = "<tree>\nemotion\nm1 angry\n</tree>"
    own = sample_of("", "", {"tree": small, "answer": GOOD})
    assert (own.tree, own.answer) == (small, "Angry")
    assert sample_of("", "", {"solution": ""}).answer is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"tree": "<tree>\nattribute\na1 hair"}, "column `tree`: the gold tree cannot be read: its <tree> is never closed"),
        ({"solution": "<tree>\n</tree>"}, "column `tree`: the gold tree cannot be read: it is empty"),
        ({"tree": 3}, "column `tree`: must be text, found 3"),
        ({"task": 3}, "column `task`: must be text, found 3"),
    ],
)
def test_gold_that_cannot_be_read_is_no_reason_to_pay(row: dict[str, object], said: str) -> None:
    with pytest.raises(HostError, match=re.escape(said)):
        sample_of("", "", row)


def test_a_gold_column_needs_a_value_for_each_completion() -> None:
    assert rows_of(2, {"answer": ["a", "b"], "step": [1]}) == [{"answer": "a"}, {"answer": "b"}]
    with pytest.raises(HostError, match="column `answer`: must have a value for each of 2 completions, found 1"):
        rows_of(2, {"answer": ["a"]})


def test_files_are_media_and_pictures_in_memory_are_none() -> None:
    row = {"videos": ["a.mp4"], "images": [{"path": "b.png", "bytes": None}, {"path": None, "bytes": b"x"}], "image": object()}
    assert sample_of("", "", row).media == (Shown("video", "a.mp4"), Shown("image", "b.png"))


def test_a_group_is_a_prompt_and_its_media() -> None:
    def group(prompt: str = "What?", **row: object) -> str:
        return sample_of("said", prompt, row).group

    assert group(videos=["a.mp4"]) == group(videos=["a.mp4"], request_id="other")
    names = {
        group(),
        group("Who?"),
        group(videos=["a.mp4"]),
        group(videos=["a", ".mp4"]),
        group(images=["a.mp4"]),
        group(prompt_id="p"),
    }
    assert len(names) == 6


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 4))
def test_groups_are_of_one_size_or_refused(prompts: list[str], size: int) -> None:
    samples = [RewardSample(str(number), group=prompt) for number, prompt in enumerate(prompts)]
    if any(count % size for count in Counter(prompts).values()):
        with pytest.raises(HostError, match=f"whose group is {size}"):
            whole_groups(samples, size)
        return
    found = whole_groups(samples, size)
    assert [one.completion for one in found] == [one.completion for one in samples]
    assert set(Counter(one.group for one in found).values()) <= {size}
    assert all(one.group.startswith(prompt) for one, prompt in zip(found, prompts, strict=True))
