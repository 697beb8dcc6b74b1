"""`affectree eval`: its words, and what of it needs no model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.commands.evaluate import evaluate
from rl.evaluation.saved import EvaluationFolder
from tests.unit.rl.evaluation.endpoint.server import said, send, serving
from tests.unit.rl.evaluation.scored_rows import rows


def saved(folder: Path, model: str, scores: list[float]) -> str:
    folder.mkdir()
    place = EvaluationFolder(folder)
    place.rows.write_text(place.rows_text(rows("identity", scores)))
    place.results.write_text(json.dumps({"evaluations": [{"model": model}]}))
    return str(folder)


def test_earlier_evaluations_are_compared_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved(tmp_path / "a", "ours", [1.0] * 12), saved(tmp_path / "b", "theirs", [0.0] * 12)
    evaluate(one, against=other)
    shown = capsys.readouterr().out
    for words in ("ours against theirs", "Closed attributes: ID", "+100.0", "<0.001"):
        assert words in shown
    with pytest.raises(UserError, match="is a saved evaluation; name another one by --against"):
        evaluate(one)


def test_models_of_one_name_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved(tmp_path / "a", "model", [1.0]), saved(tmp_path / "b", "model", [0.0])
    evaluate(one, against=other)
    assert f"{one} against {other}" in capsys.readouterr().out.replace("\n", "")


def test_several_greedy_answers_are_refused() -> None:
    with pytest.raises(UserError, match="--samples above 1 needs a --temperature above 0"):
        evaluate("runs/a", samples=4)


def test_a_server_is_evaluated_and_one_that_mostly_fails_ends_with_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    texts = ["Which? Say yes.", "Which? Fail."]
    lines = [{"messages": [{"role": "user", "content": text}], "task": "identity", "answer": "yes"} for text in texts]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = {"settings": ["tracking.mlflow=false"], "data": [file], "out": out}
    with serving(
        lambda handler, body: send(handler, 400 if "Fail" in str(body) else 200, said("yes")), [{"id": "some model"}]
    ) as server:
        with pytest.raises(UserError, match=r"some model: 1 of 2 questions have no measure \(HTTP 400\)"):
            evaluate(server.url, **words)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="some model and theirs have no measured question in common"):
            evaluate(server.url, max_unanswered=0.5, against=saved(tmp_path / "b", "theirs", [0.0]), **words)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    assert "100.0" in shown
    assert "1 of 2 have no measure and are left out (1 × HTTP 400)" in shown
    assert (out / "table.md").is_file()


def test_models_without_a_common_question_are_not_compared(tmp_path: Path) -> None:
    one, other = saved(tmp_path / "a", "ours", [1.0]), saved(tmp_path / "b", "theirs", [])
    with pytest.raises(UserError, match="ours and theirs have no measured question in common; ask both the same rows"):
        evaluate(one, against=other)


def test_what_cannot_be_compared_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": "Same?"}], "task": "identity", "answer": "yes"}) + "\n")
    out = tmp_path / "out"
    with serving(lambda handler, body: send(handler, 200, said("yes")), [{"id": "m"}]) as server:
        with pytest.raises(UserError, match="no row is a rationale with an answer"):
            evaluate(server.url, data=[file], out=out, direct=True)
        with pytest.raises(UserError, match=r"would both be kept in .*; name another --out"):
            evaluate(server.url, data=[file], against=server.url)
        assert server.asked == []


def test_a_row_that_is_named_twice_is_counted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": "Same?"}], "task": "identity", "answer": "yes"}) + "\n")
    out = tmp_path / "out"
    with serving(lambda handler, body: send(handler, 200, said("yes")), [{"id": "m"}]) as server:
        evaluate(server.url, settings=["tracking.mlflow=false"], data=[file, file], out=out)
    assert "1 rows repeat another one" in capsys.readouterr().out
    assert json.loads((out / "results.json").read_text())["evaluations"][0]["questions"] == 1
