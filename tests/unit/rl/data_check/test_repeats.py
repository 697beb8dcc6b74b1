"""Rows that are there twice, and rows that contradict each other."""

from __future__ import annotations

import numpy as np

from rl.data_check.facts import ROW, facts_of, medium_digest
from rl.data_check.repeats import Repeats, repeats
from rollout.media.medium import Medium
from rollout.rows.row import Row


def facts(*rows: Row) -> np.ndarray:
    return np.array([facts_of(row, tuple(map(medium_digest, row.media))) for row in rows], dtype=ROW)


def repeated(*rows: Row) -> Repeats:
    return repeats(facts(*rows), np.ones(len(rows), dtype=bool))


def row(question: str = "Which?", clip: str = "1.mp4", **known: object) -> Row:
    return Row(0, question, (Medium("video", clip),), "qa", **{"answer": "b", **known})  # type: ignore[arg-type]


def test_equal_rows_are_found_with_the_first_of_them() -> None:
    found = repeated(row(), row("What?"), row(), row("What?"), row())
    assert found.equal.tolist() == [2, 3, 4]
    assert found.equal_to.tolist() == [0, 1, 0]
    assert not len(found.conflicting)


def test_another_answer_to_the_same_question_about_the_same_clip_is_a_conflict() -> None:
    found = repeated(row(), row(answer="c"), row(clip="2.mp4", answer="c"), row("What?", answer="c"))
    assert found.conflicting.tolist() == [1]
    assert found.conflicting_with.tolist() == [0]
    assert not len(found.equal)


def test_another_assistant_turn_or_source_makes_a_row_of_its_own() -> None:
    found = repeated(row(), row(reference="b"), row(source="x"), row(options=("b", "c")))
    assert not len(found.equal) and not len(found.conflicting)


def test_rows_that_cannot_be_used_are_passed_over() -> None:
    found = repeats(facts(row(), row(), row()), np.array([False, True, True]))
    assert (found.equal.tolist(), found.equal_to.tolist()) == ([2], [1])


def test_media_are_told_apart_by_all_that_they_name() -> None:
    media = [
        Medium("video", "1.mp4"),
        Medium("image", "1.mp4"),
        Medium("video", "1.mp4", start=1.0),
        Medium("video", "1.mp4", end=1.0),
        Medium("video", "1", content=b"a"),
        Medium("video", "1", content=b"b"),
        Medium("video", "1", frames=("1.png", "2.png")),
        Medium("video", "1", frames=("1.png2.png",)),
    ]
    assert len({medium_digest(medium) for medium in media}) == len(media)
    assert medium_digest(Medium("video", "row 1", content=b"a")) == medium_digest(Medium("video", "row 2", content=b"a"))
