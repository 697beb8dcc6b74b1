"""Helpers for a researcher's own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.testing import assert_scorer, gold_sample, probe_samples

HOME = Path(__file__).parents[3]


def test_a_sound_scorer_passes_and_a_broken_one_names_its_faults() -> None:
    assert_scorer(f"{HOME}/examples/my_scorer/my_scorer/scoring.py:evidence")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        assert_scorer(f"{HOME}/examples/broken_scorer.py:score")


def test_settings_are_those_of_a_scorers_spec(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(samples, plus=0): return [len(sample.completion) + plus for sample in samples]\n")
    assert_scorer(f"{file}:f", mode="batch", parameters={"plus": 1})
    with pytest.raises(AssertionError, match="set the mode"):
        assert_scorer(f"{file}:f")


def test_a_function_in_place_of_its_name_is_told() -> None:
    with pytest.raises(TypeError, match=r"takes the scorer's name as text, such as 'my_scorer\.py:score'"):
        assert_scorer(gold_sample)  # type: ignore[arg-type]


def test_samples_to_test_with() -> None:
    sample = gold_sample(task="emotion_single")
    assert sample.parsed.tree == sample.gold.tree
    assert (sample.answer, sample.task) == (sample.parsed.answer, "emotion_single")
    found = probe_samples("emotion_single")
    assert found["empty"].completion == ""
    assert found["truncated"].finish_reason == "length"
    assert {sample.task for sample in found.values()} == {"emotion_single"}
