"""Figures of a model, by hand and against the paper's own averages."""

from __future__ import annotations

import json

import pytest
from sklearn.metrics import balanced_accuracy_score

from rl.evaluation.summary import AVERAGE, Summary, summarise
from tests.unit.rl.evaluation.scored_rows import row, rows


def figures(summary: Summary, table: str) -> dict[str, float]:
    (found,) = [one for one in summary.tables if one.name == table]
    return {name: figure.value for name, figure in found.figures.items()}


def test_a_column_is_the_mean_over_its_data_sets_and_the_average_over_columns() -> None:
    """As eval/generate_table.py of the paper's repository weighs them."""
    scored = [
        *rows("emotion_single", [1.0, 0.0, 0.0, 0.0], "DFEW"),
        *rows("emotion_single", [1.0], "MAFW"),
        *rows("emotion_multi", [0.5, 0.25], "MAFW", measure="F1"),
        *rows("action_units", [0.2], "AffWild2", measure="F1"),
    ]
    found = figures(summarise("m", {}, scored), "Expressions")
    assert found["ER single"] == pytest.approx((0.25 + 1.0) / 2)
    assert found["ER multi"] == pytest.approx(0.375)
    assert found[AVERAGE] == pytest.approx((0.625 + 0.375 + 0.2) / 3)


def test_the_papers_closed_columns_give_its_average() -> None:
    """Table 1, VidEmo-T1-7B: 64.8/73.1/41.4/57.4/99.7/96.7, AVG 72.1 (of rounded columns: 72.2)."""
    printed = {"appearance": 64.8, "appearance_caption": 73.1, "actions": 41.4, "action_caption": 57.4, "identity": 99.7}
    scored = [row(task, value / 100) for task, value in (printed | {"head_pose": 96.7}).items()]
    found = figures(summarise("m", {}, scored), "Closed attributes")
    assert list(found) == ["AppCls", "AppCap", "ActCls", "ActCap", "ID", "Pose", AVERAGE]
    assert found[AVERAGE] == pytest.approx(0.7218, abs=1e-4)


def test_intervals_hold_the_value_and_count_clips() -> None:
    scored = [row("identity", float(n % 3 == 0), number=n, clip=f"c{n // 2}") for n in range(60)]
    (table,) = summarise("m", {}, scored).tables
    figure = table.figures["ID"]
    assert (figure.rows, figure.clips, figure.measure) == (60, 30, "accuracy")
    assert figure.interval.low < figure.value < figure.interval.high
    assert AVERAGE not in table.figures  # of one column


def test_aspects_of_fine_captions_have_columns_of_their_own() -> None:
    aspects = {"lab": 0.593, "clu": 0.612, "ia": 0.681, "ra": 0.659, "vtr": 0.691, "flu": 0.926}
    found = figures(summarise("m", {}, [row("fine_caption", 0.7, scores=aspects, measure="judge")]), "Emotion understanding")
    assert list(found) == ["Lab", "Clu", "IA", "RA", "VTR", "Flu", AVERAGE]
    assert found[AVERAGE] == pytest.approx(0.694, abs=1e-3)  # the paper prints 69.3


def test_rows_without_a_measure_are_counted_by_reason_and_nowhere_else() -> None:
    scored = [
        *rows("identity", [1.0, 1.0]),
        row("identity", 0.0, number=7, problem="HTTP 500: out of memory"),
        row("identity", 0.0, number=8, problem="HTTP 500: overloaded"),
        row("identity", 0.0, number=9, problem="no answer in time: 3 s"),
    ]
    found = summarise("m", {}, scored)
    assert figures(found, "Closed attributes") == {"ID": 1.0}
    assert (found.questions, found.unanswered) == (5, 3)
    assert found.problems == {"HTTP 500": 2, "no answer in time": 1}


def test_classes_are_reported_by_source() -> None:
    gold, said = ["happy", "happy", "happy", "sad"], ["happy", "happy", "sad", "sad"]
    scored = [
        row("emotion_single", 1.0, "DFEW", number=n, gold=g, said=s) for n, (g, s) in enumerate(zip(gold, said, strict=True))
    ]
    (found,) = summarise("m", {}, scored).classes
    assert (found.task, found.source) == ("emotion_single", "DFEW")
    assert found.unweighted.value == pytest.approx(balanced_accuracy_score(gold, said))
    assert found.weighted.value == 0.75


def test_words_of_emotions_and_confidences_are_summed_up() -> None:
    scored = [
        row("emotion_single", 1.0, number=0, gold_words=("happy",), said_words=("joyful",), stated=((0.9, 1.0),)),
        row("emotion_single", 0.0, number=1, gold_words=("sad",), said_words=("furious",), stated=((0.5, 0.0),)),
    ]
    found = summarise("m", {}, scored)
    assert found.wheel is not None and found.calibration is not None
    assert found.wheel.figure.value == pytest.approx(0.5)
    assert found.wheel.tables == "shipped"
    assert found.calibration.brier == pytest.approx((0.01 + 0.25) / 2)


def test_several_answers_have_a_table_of_their_own() -> None:
    more = {"best": 1.0, "majority": 0.0}
    scored = [row("identity", 0.25, scores=more), row("identity", 0.75, number=1, scores=more)]
    assert figures(summarise("m", {}, scored, samples=4), "4 answers to each question") == {
        "Mean": 0.5,
        "Best of 4": 1.0,
        "Majority": 0.0,
    }


def test_a_summary_is_json_and_metrics() -> None:
    found = summarise("m", {"sampling": {"temperature": 0.0}}, rows("identity", [1.0, 0.0]))
    assert json.loads(json.dumps(found.to_json()))["tables"][0]["figures"]["ID"]["value"] == 0.5
    assert found.metrics()["eval/Closed attributes/ID"] == 0.5
    assert found.metrics()["eval/unanswered"] == 0
    assert summarise("m", {}, []).tables == ()


def test_names_of_metrics_are_clean_paths() -> None:
    scored = [
        row("emotion_single", 1.0, source, number=n, gold=g, said=g) for source in ("", "/a//b") for n, g in enumerate("xy")
    ]
    names = summarise("m", {}, scored).metrics()
    assert {"eval/UAR/emotion_single", "eval/WAR/emotion_single/_a__b"} <= set(names)
