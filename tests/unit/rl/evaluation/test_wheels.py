"""The emotion-wheel metric, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.evaluation.wheels import WheelError, read_wheels, wheel_score, words_of

TABLES = """
wheels:
  one: {anger: [rage], joy: [happy, elated]}
  two: {negative: [anger, rage, sad], positive: [joy, happy]}
synonyms: {happy: [glad, cheerful], rage: [fury]}
forms: {glad: [gladly], anger: [angry, angered]}
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    file = tmp_path / "wheels.yaml"
    file.write_text(TABLES)
    return file


def test_a_word_goes_from_its_form_over_its_synonym_to_its_cluster(tables: Path) -> None:
    wheels = read_wheels(tables)
    assert [wheels.cluster(word, "one") for word in ("gladly", "fury", "Angry", "joy", "sad", "what")] == [
        "joy", "anger", "anger", "joy", None, None,
    ]  # fmt: skip
    assert [wheels.cluster(word, "two") for word in ("glad", "angered", "sad")] == ["positive", "negative", "negative"]


def test_overlap_is_of_clusters_and_words_that_no_table_has_are_left_out(tables: Path) -> None:
    wheels = read_wheels(tables)
    # gold {joy, anger}, said {anger} and an unknown word: precision 1, recall 1/2
    assert wheels.overlap(["glad", "rage"], ["fury", "angry", "purple"], "one") == (1.0, 0.5)
    assert wheels.overlap(["glad"], ["purple"], "one") == (0.0, 0.0)
    assert wheels.overlap(["sad"], ["rage"], "one") is None  # no gold word on this wheel
    assert wheels.overlap(["sad"], ["rage"], "two") == (1.0, 1.0)


def test_the_metric_is_the_mean_over_wheels_of_f1_of_means() -> None:
    assert wheel_score([0.5, 1.0], [1.0, 0.0]) == pytest.approx((2 * 0.5 / 1.5 + 0.0) / 2)


def test_the_wheels_that_ship_know_the_field_s_labels() -> None:
    wheels = read_wheels()
    assert {wheels.cluster(word, "shaver") for word in ("happy", "joyful", "amused")} <= {"joy", None}
    for word, cluster in {"happy": "joy", "sad": "sadness", "angry": "anger", "fearful": "fear", "disgusted": "anger"}.items():
        assert wheels.cluster(word, "shaver") == cluster
    assert wheels.cluster("disgusted", "plutchik") == "disgust"
    assert wheels.cluster("surprised", "plutchik") == "surprise"


def test_lists_of_words_are_taken_apart() -> None:
    assert words_of("[happy, 'surprised'] and Sad;  calm.") == ["happy", "surprised", "sad", "calm"]


@pytest.mark.parametrize(
    "text", ["wheels: 3", "forms: {}", "wheels: {one: {anger: rage}}", "wheels: {one: {a: [b]}}\nforms: {x: y}"]
)
def test_other_tables_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(text)
    with pytest.raises(WheelError, match=r"other\.yaml: "):
        read_wheels(file)
