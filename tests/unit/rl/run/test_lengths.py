"""Rows that are too long are refused, left out or fitted before a run begins, whichever way it would come to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rl.config.schema import Config, CurriculumConfig, EvaluationConfig, GrpoConfig, StageConfig
from rl.run.lengths import fitting
from rl.run.preparation import Splits
from rollout.lengths import PromptLengths
from rollout.media.medium import MediaError
from rollout.prompt_checks import PromptTooLong
from rollout.rows.data import open_rows
from rollout.rows.row import Row
from tests.unit.rollout.row_writing import write

LONG = "What do you see, and what else, and what more? " * 40


class Measuring:
    """Measures rows as learner ranks do, and remembers which."""

    def __init__(self, lengths: PromptLengths) -> None:
        self.lengths = lengths
        self.bounds = lengths.bounds()
        self.asked: list[str] = []

    def __call__(self, rows: Any, limit: int, reply: bool, fit: bool) -> Any:
        self.asked += [row.question for row in rows]
        return [self.lengths.measure(row, limit, reply, fit) for row in rows]


@pytest.fixture
def measure(encoder) -> Measuring:
    return Measuring(PromptLengths(encoder))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings of a test."""
    lines: list[str] = []
    monkeypatch.setattr("rl.run.lengths.warn", lines.append)
    return lines


def clip(faces: Path) -> str:
    return str(min((faces / "videos").glob("*.mp4")))


def row(question: str, *videos: str, reply: str = "brown", task: str = "qa") -> dict[str, Any]:
    messages = [{"role": "user", "content": "<video>" * len(videos) + question}, {"role": "assistant", "content": reply}]
    return {"messages": messages, "videos": list(videos), "task": task}


def splits(folder: Path, train: list[dict[str, Any]], val: Any = None, test: Any = None) -> Splits:
    short = [row("Which?")]
    files = {"train": train, "val": val or short, "test": test or short}
    return Splits(**{name: open_rows(write(folder / f"{name}.jsonl", *rows)) for name, rows in files.items()})


def config(evaluated: int = 4, **more: Any) -> Config:
    found = Config(
        grpo=GrpoConfig(mix={"qa": 1.0}, max_tokens=16),
        curriculum=CurriculumConfig(stages={}),
        evaluation=EvaluationConfig(rows={"qa": evaluated}, every=1, val_rows={"qa": evaluated}, max_tokens={"*": 16}),
    )
    found.rollout.max_model_len = 128
    for key, value in more.items():
        setattr(found.data, key, value)
    return found


def questions(rows: Any) -> list[str]:
    return [one.question for one in rows]


def test_rows_that_cannot_be_too_long_are_not_even_measured(tmp_path: Path, measure: Measuring, said: list[str]) -> None:
    of_a_run = splits(tmp_path, [row("Which?"), row("Whose?", reply=LONG)])
    assert fitting(config(), of_a_run, measure.bounds, measure) == of_a_run
    assert measure.asked == said == []


def test_long_rows_are_refused_with_file_row_tokens_and_limit(tmp_path: Path, measure: Measuring) -> None:
    train = [row("Which?"), *(row(f"{number} {LONG}") for number in range(12))]
    with pytest.raises(PromptTooLong) as told:
        fitting(config(), splits(tmp_path, train), measure.bounds, measure)
    first, *lines = str(told.value).splitlines()
    assert first == (
        "12 of 13 rows are too long, with 127 tokens a prompt may have, so that a completion fits into rollout.max_model_len = "
        "128; raise rollout.max_model_len, lower data.max_frames or data.max_pixels, or set data.too_long to drop or fit:"
    )
    tokens = measure.lengths.of(Row(0, f"0 {LONG}", (), "qa"))
    assert lines[0] == f"  - {tmp_path / 'train.jsonl'}, row 2: {tokens} tokens"
    assert len(lines) == 11
    assert lines[-1] == "  - … and 2 more"


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_long_rows_of_every_split_are_left_out(split: str, tmp_path: Path, measure: Measuring, said: list[str]) -> None:
    mixed = {split: [row("Which?"), row(LONG), row("Whose?"), row(LONG + "!")]}
    found = fitting(config(too_long="drop"), splits(tmp_path, **{"train": [row("?")], **mixed}), measure.bounds, measure)
    assert questions(getattr(found, split)) == ["Which?", "Whose?"]
    (line,) = said[:1]
    assert line.startswith(f"{split}: ")
    assert f"{split}.jsonl, row 2: " in line
    assert len(measure.asked) == len(set(measure.asked))  # none is measured twice


def test_rows_that_are_drawn_in_place_of_others_have_to_fit_too(tmp_path: Path, measure: Measuring, said: list[str]) -> None:
    test = [row(f"{LONG} {number}") for number in range(6)] + [row("Which?"), row("Whose?")]
    of_a_run = splits(tmp_path, [row("?")], test=test)
    found = fitting(config(2, too_long="drop"), of_a_run, measure.bounds, measure)
    assert {"Which?", "Whose?"} <= set(questions(found.test))
    assert len(said) > 1  # two were to be evaluated, and then others
    again = fitting(config(2, too_long="drop"), of_a_run, measure.bounds, measure)
    assert questions(again.test) == questions(found.test)


def test_media_of_long_rows_are_made_smaller_and_stay_so(
    tmp_path: Path, faces: Path, measure: Measuring, said: list[str]
) -> None:
    many = [clip(faces)] * 12
    of_a_run = splits(tmp_path, [row("Which?", clip(faces)), row("Who smiles?", *many)])
    with pytest.raises(PromptTooLong):
        fitting(config(), of_a_run, measure.bounds, measure)
    found = fitting(config(too_long="fit"), of_a_run, measure.bounds, measure).train
    whole, fitted = found
    assert whole == of_a_run.train[0]
    assert measure.lengths.of(of_a_run.train[1]) > 127 >= measure.lengths.of(fitted)
    assert len(measure.lengths.encoder.encode(fitted).ids) == measure.lengths.of(fitted)
    for rows in (found.only([1]), found.without([0]), type(found)(found, {})):
        assert rows[len(rows) - 1].media == fitted.media
    (line,) = said
    assert line.startswith("train: 1 of 2 rows are given smaller media, with 127 tokens a prompt may have")
    assert "of their tokens in the median" in line


def test_rows_that_no_smaller_media_fit_are_refused(tmp_path: Path, faces: Path, measure: Measuring) -> None:
    of_a_run = splits(tmp_path, [row(LONG, clip(faces)), row("Who smiles?", *[clip(faces)] * 12)])
    with pytest.raises(PromptTooLong, match="1 of 2 rows are too long even with the smallest media"):
        fitting(config(too_long="fit"), of_a_run, measure.bounds, measure)


def test_tuning_rows_are_bounded_by_the_models_positions(tmp_path: Path, measure: Measuring, said: list[str]) -> None:
    settings = config()
    settings.grpo.steps = 0
    settings.curriculum.stages = {"one": StageConfig(steps=1, batch=1, learning_rate=1e-3, mix={"qa": 1.0})}
    settings.learner.token_budget = 100
    of_a_run = splits(tmp_path, [row("Which?"), row("Whose?", reply=LONG)])
    assert questions(fitting(settings, of_a_run, measure.bounds, measure).train) == ["Which?", "Whose?"]
    (line,) = said
    assert "1 tuning rows have more tokens than learner.token_budget = 100" in line
    known = type(measure.bounds)(**{**vars(measure.bounds), "positions": 200})
    settings.rollout.max_model_len = 100
    with pytest.raises(PromptTooLong, match="1 of 2 rows are too long, with 200 positions the model was trained for"):
        fitting(settings, of_a_run, known, measure)


def test_it_is_said_where_completions_have_less_room_than_they_may_need(
    tmp_path: Path, measure: Measuring, said: list[str]
) -> None:
    settings = config()
    settings.rollout.max_model_len = measure.lengths.of(Row(0, "Which? " * 20, (), "qa")) + 8
    fitting(settings, splits(tmp_path, [row("Which?"), row("Which? " * 20)]), measure.bounds, measure)
    (line,) = said
    assert line.startswith("train: 1 prompts leave less room than their tasks' longest completions")


def test_media_that_cannot_be_looked_at_are_refused_or_left_out(
    tmp_path: Path, faces: Path, measure: Measuring, said: list[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(Path(clip(faces)).read_bytes())
    of_a_run = splits(tmp_path, [row("Which?", clip(faces)), row("Whose?", str(broken))])
    broken.write_bytes(b"no clip")
    with pytest.raises(MediaError, match=r"train\.jsonl, row 2: .*broken\.mp4"):
        fitting(config(), of_a_run, measure.bounds, measure)
    found = fitting(config(bad_rows="skip"), of_a_run, measure.bounds, measure)
    assert questions(found.train) == ["<video>Which?"]
    assert "1 rows are left out whose media cannot be used" in said[0]
