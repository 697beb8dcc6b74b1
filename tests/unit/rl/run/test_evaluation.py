"""A whole evaluation of a model behind a server, which is a small one of our own here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from rewards.errors import UserError
from rl.evaluation.answers import Sampling
from rl.evaluation.endpoint.client import Patience
from rl.evaluation.saved import EvaluationFolder
from rl.run.evaluated import Evaluated, find_model
from rl.run.evaluation import Asking, Found, TooFewAnswers, check_answered, evaluate_model
from rl.run.evaluation_files import save, save_for_lmms_eval
from rl.run.rows_to_ask import find_rows
from tests.unit.rewards.rationales import GOOD
from tests.unit.rl.evaluation.endpoint.server import LocalServer, question_in, said, send, serving

QUIET = ("tracking.mlflow=false",)
ROWS = [
    *(
        {"task": "emotion_single", "source": "DFEW", "answer": label, "text": f"Which emotion is {label}?"}
        for label in ("sad", "happy")
    ),
    {"task": "identity", "answer": "Yes", "text": "Same person?"},
    {"task": "rationale", "answer": "Angry", "tree": GOOD, "text": "Describe the person as a tree."},
    {"task": "action_caption", "answer": "she smiles", "text": "What is done?"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "rows.jsonl"
    lines = [{**row, "messages": [{"role": "user", "content": row["text"]}]} for row in ROWS]
    found.write_text("".join(json.dumps({key: value for key, value in line.items() if key != "text"}) + "\n" for line in lines))
    return found


def right(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Every answer is right but that of the direct arm."""
    words = question_in(body)
    answers = {row["text"]: row["tree"] if row["task"] == "rationale" else row["answer"] for row in ROWS}
    send(handler, 200, said(answers.get(words, "happy")))


@pytest.fixture
def served() -> Iterator[Callable[..., LocalServer]]:
    contexts = []

    def start(behave: Any = right) -> LocalServer:
        contexts.append(serving(behave, [{"id": "m"}]))
        return contexts[-1].__enter__()

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


def evaluate(server: LocalServer, file: Path, out: Path, asking: Asking | None = None) -> Found:
    evaluated = find_model(server.url, None, out, [file], QUIET)
    quick = Patience(at_once=4, timeout=2, tries=2, pause=0.01)
    return evaluate_model(evaluated, find_rows(evaluated, [file], QUIET, None), asking or Asking(patience=quick))


def figures(found: Found, arm: int = 0) -> dict[str, float]:
    return {name: figure.value for table in found.summaries[arm].tables for name, figure in table.figures.items()}


def test_answers_are_measured_by_their_tasks_and_written_down(served: Any, file: Path, tmp_path: Path) -> None:
    found = evaluate(served(), file, tmp_path / "out")
    measured = figures(found)
    assert (measured["ER single"], measured["ID"], measured["ActCap"]) == (1.0, 1.0, 1.0)
    assert (measured["Root"], measured["Leaf"], measured["Answer"]) == (1.0, 1.0, 1.0)
    save(found, [])
    place = EvaluationFolder(tmp_path / "out")
    assert place.read().rows == found.rows
    assert "### Affective trees" in place.table.read_text()
    assert json.loads(place.results.read_text())["evaluations"][0]["questions"] == 5
    folder = save_for_lmms_eval(found)
    assert len(list((folder / "logs" / "m").glob("*_samples_*.jsonl"))) == 4
    assert (folder / "task" / "affectree_emotion_single.yaml").is_file()


def test_a_second_call_asks_only_what_is_missing(served: Any, file: Path, tmp_path: Path) -> None:
    failing = True

    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if failing and "sad" in question_in(body):
            send(handler, 500, "busy")
        else:
            right(handler, body)

    server = served(behave)
    first = evaluate(server, file, tmp_path / "out")
    assert (first.summaries[0].unanswered, first.summaries[0].problems) == (1, {"HTTP 500": 1})
    assert figures(first)["ER single"] == 1.0  # of the one that was answered
    check_answered(first, 0.2)
    with pytest.raises(TooFewAnswers, match=r"m: 1 of 5 questions have no measure \(HTTP 500\), more than --max-unanswered 0\.1"):
        check_answered(first, 0.1)
    failing = False
    server.asked.clear()
    second = evaluate(server, file, tmp_path / "out")
    assert [question_in(body) for body in server.asked] == ["Which emotion is sad?"]
    assert (second.summaries[0].unanswered, figures(second)["ER single"]) == (0, 1.0)
    server.asked.clear()
    assert figures(evaluate(server, file, tmp_path / "out")) == figures(second)
    assert server.asked == []


def test_several_answers_go_on_with_those_that_are_there(served: Any, file: Path, tmp_path: Path) -> None:
    server = served()
    evaluate(server, file, tmp_path / "out", Asking(Sampling(0.7, 2)))
    server.asked.clear()
    found = evaluate(server, file, tmp_path / "out", Asking(Sampling(0.7, 3)))
    assert len(server.asked) == 5
    assert {body["seed"] for body in server.asked} == {2}
    assert figures(found)["Majority"] == 1.0


def test_the_direct_arm_asks_for_the_answer_alone_and_is_compared(served: Any, file: Path, tmp_path: Path) -> None:
    server = served()
    found = evaluate(server, file, tmp_path / "out", Asking(direct=True))
    assert len(server.asked) == 6
    assert figures(found, 1) == {"Answer": 0.0}  # beside the trees' answers, not among the questions for an emotion
    (one,) = found.both_arms().differences
    assert (one.column, one.first, one.second, one.rows) == ("Answer", 1.0, 0.0, 1)


def test_both_arms_may_say_as_much_and_rationales_are_held_to_the_grammar_where_a_run_says_so(
    served: Any, file: Path, tmp_path: Path
) -> None:
    server, words = served(), ('evaluation.max_tokens={rationale: 99, "*": 7}', "evaluation.structured=true", *QUIET)
    evaluated = find_model(server.url, None, tmp_path / "out", [file], words)
    found = evaluate_model(evaluated, find_rows(evaluated, [file], words, None), Asking(direct=True))
    assert sorted(body["max_tokens"] for body in server.asked) == [7, 7, 7, 7, 99, 99]
    assert found.summaries[0].how["sampling"]["structured"]


def test_rows_are_all_of_a_file_or_so_many_of_each_task(served: Any, file: Path, tmp_path: Path) -> None:
    evaluated = find_model(served().url, "m", tmp_path, [file], QUIET)
    assert len(find_rows(evaluated, [file], QUIET, None)) == 5
    assert [row.task for row in find_rows(evaluated, [file, file], QUIET, 1)] == [
        *("emotion_single", "identity", "rationale", "action_caption"),
    ] * 2
    with pytest.raises(UserError, match="on which rows"):
        find_rows(evaluated, [], QUIET, None)


def test_a_configuration_names_its_test_rows_and_how_many(served: Any, file: Path, tmp_path: Path) -> None:
    config = tmp_path / "some.yaml"
    config.write_text(
        f"data: {{test: {file}, train: {file}, val: {file}}}\nevaluation: {{rows: {{emotion_single: 1, identity: 9}}}}\n"
    )
    evaluated = find_model(served().url, "m", tmp_path, [config], QUIET)
    assert [row.task for row in find_rows(evaluated, [config], QUIET, None)] == ["emotion_single", "identity"]


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    for word in (str(tmp_path / "nowhere"), "localhost:8000/v1", "Qwen/Qwen2.5-VL-3B-Instruct"):
        with pytest.raises(UserError, match="no such folder; name a run, a checkpoint's folder, an address such as http:"):
            find_model(word, None, None)
    with pytest.raises(UserError, match="--model names a model of a server"):
        find_model(str(tmp_path), "m", None)


def test_answers_are_kept_by_the_models_content_or_by_its_address(served: Any, tmp_path: Path) -> None:
    server = served()
    assert find_model(server.url, None, tmp_path).identity == f"{server.url}:m"
    for name, weights in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
        (tmp_path / name / "w.safetensors").write_bytes(weights)
    one, same, other = (find_model(str(tmp_path / name), None, tmp_path) for name in "abc")
    assert isinstance(one, Evaluated)
    assert one.identity == same.identity != other.identity
    rounded = find_model(str(tmp_path / "a"), None, tmp_path, settings=["model.dtype=bfloat16"])
    assert rounded.identity != one.identity
