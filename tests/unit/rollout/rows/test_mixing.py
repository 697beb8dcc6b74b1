"""Mixes are deterministic and follow their weights; the same rows are evaluated at every stage."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from rollout.rows.data import RowData, open_rows
from rollout.rows.mixing import check_mix, evaluated_rows, mixed_indices, mixed_rows, spread
from rollout.rows.part import open_part
from rollout.rows.progress import SILENT
from rollout.rows.reading import Reading
from rollout.rows.row import RowError
from tests.unit.rollout.row_writing import ASK, write


def test_rows_that_a_mix_draws(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    drawn, by_task = mixed_rows(rows, {"attribute_*": 1.0, "faces/ER_fine": 1.0, "rationale": 0.0}), rows.indices_by_task()
    assert list(drawn) == ["attribute_closed", "attribute_open", "emotion_fine"]
    assert drawn["attribute_open"].tolist() == by_task["attribute_open"].tolist()
    sources = rows.sources()
    assert drawn["emotion_fine"].tolist() == [index for index in by_task["emotion_fine"] if sources[index] == "faces/ER_fine"]


def test_mixes_repeat_and_follow_their_weights(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    mix = {"rationale": 3.0, "faces/QA_hat": 1.0}
    drawn = list(islice(mixed_indices(rows, mix, seed=1), 400))
    assert drawn == list(islice(mixed_indices(rows, mix, seed=1), 400))
    assert drawn != list(islice(mixed_indices(rows, mix, seed=2), 400))
    rationales = sum(rows[i].task == "rationale" for i in drawn)
    assert 250 < rationales < 350
    with pytest.raises(RowError, match="nothing_like_it"):
        mixed_indices(rows, {"nothing_like_it": 1.0}, seed=0)


def test_each_row_comes_once_an_epoch(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    pool = rows.indices_by_task()["rationale"]
    draws = mixed_indices(rows, {"rationale": 1.0}, seed=0)
    first, second = (list(islice(draws, len(pool))) for _ in range(2))
    assert sorted(first) == sorted(second) == pool.tolist()
    assert first != second


@pytest.mark.parametrize("done", [1, 399, 4096, 10_000, 2**20 + 5])
def test_a_sequence_goes_on_from_anywhere(faces: Path, done: int) -> None:
    rows = open_rows(faces / "train.jsonl")
    mix = {"rationale": 3.0, "faces/QA_hat": 1.0, "*": 0.5}
    assert list(islice(mixed_indices(rows, mix, 1, done), 300)) == list(islice(mixed_indices(rows, mix, 1), done, done + 300))


def test_a_mix_names_data_sets(tmp_path: Path) -> None:
    parts = []
    for name in ("own", "other"):
        file = write(tmp_path / f"{name}.jsonl", {**ASK, "task": "a"}, {**ASK, "task": "b", "source": "s"})
        parts.append(open_part(name, [file], Reading(), SILENT))
    rows = RowData(parts, "data.sets")
    assert {task: found.tolist() for task, found in mixed_rows(rows, {"own": 1.0, "*/b": 1.0}).items()} == {"a": [0], "b": [1, 3]}
    assert mixed_rows(rows, {"s": 1.0})["b"].tolist() == [1, 3]
    assert rows[3].source == "s"
    with pytest.raises(RowError, match=r"data\.sets: the mix asks for 'owm', but no task or source or data set is called so;"):
        check_mix(rows, {"owm": 1.0})


def test_spread_is_stable() -> None:
    assert spread(range(100), 10) == spread(range(100), 10)
    assert spread(range(5), 10) == [0, 1, 2, 3, 4]


def test_a_mix_that_asks_for_what_is_not_there_is_refused(tmp_path: Path) -> None:
    lines = [{**ASK, "task": "rationale", "source": "faces/ER"}, {**ASK, "task": "qa", "source": ""}]
    rows = open_rows(write(tmp_path / "rows.jsonl", *lines))
    check_mix(rows, {"ration*": 1.0, "faces/*": 2.0, "captions": 0.0})
    with pytest.raises(RowError, match=r"rows\.jsonl: grpo\.mix asks for 'rationales', .* did you mean 'rationale'\?"):
        check_mix(rows, {"rationales": 1.0}, "grpo.mix")
    with pytest.raises(RowError, match=r"the mix asks for 'xyz', but no task or source is called so; tasks are qa, rationale"):
        check_mix(rows, {"xyz": 1.0})


def test_evaluated_rows_are_so_many_of_each_task_and_always_the_same(faces: Path) -> None:
    rows = open_rows(faces / "test.jsonl")
    chosen = evaluated_rows({"rationale": 3, "attribute_open": 5, "poetry": 4, "action_units": 10**6}, rows)
    by_task = rows.indices_by_task()
    assert [rows[index].task for index in chosen] == (
        ["rationale"] * 3 + ["attribute_open"] * 5 + ["action_units"] * len(by_task["action_units"])
    )
    assert len(set(chosen)) == len(chosen)
    assert chosen == evaluated_rows({"rationale": 3, "attribute_open": 5, "action_units": 10**6}, open_rows(rows.path))
    assert evaluated_rows({"rationale": 3}, rows) == chosen[:3] == spread(by_task["rationale"], 3)
