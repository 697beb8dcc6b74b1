"""Row formats: those that ship, one's own, and whose mistake it is when a row cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rollout.formats
from rewards.plugins.spec import FunctionSpec, PluginError
from rollout.formats import AUTO, SHIPPED, canonical, open_format
from rollout.rows import RowError, open_rows
from tests.unit.rollout.row_writing import ASK, write

SHAREGPT = Path(rollout.formats.__file__).parents[1] / "examples" / "sharegpt_format.py"
PAIRS = [
    {"text": "Who smiles?", "said": "she", "about": "smile"},
    {"text": "Who frowns?", "said": "he", "about": "frown"},
]


def function(folder: Path, body: str) -> str:
    """A format with this body, in line 2 of a file of its own; returns its target."""
    file = folder / "my_format.py"
    file.write_text(f"def read(row, **parameters):\n    {body}\n")
    return f"{file}:read"


def pairs(folder: Path, **parameters: Any) -> FunctionSpec:
    """A format for rows such as `PAIRS`."""
    question, reply = '{"role": "user", "content": row["text"]}', '{"role": "assistant", "content": row["said"]}'
    rest = '"task": parameters.get("task"), "source": row["about"], "about": row["about"]'
    return FunctionSpec(function(folder, f'return {{"messages": [{question}, {reply}], {rest}}}'), parameters)


def test_rows_in_ms_swift_form_are_taken_as_they_are(tmp_path: Path) -> None:
    assert canonical(ASK) is ASK
    file = write(tmp_path / "rows.jsonl", ASK)
    found, named = open_rows(file), open_rows(file, row_format=FunctionSpec("canonical"))
    assert found.format.spec == named.format.spec == FunctionSpec("canonical")
    assert found[0] == named[0]


def test_auto_takes_the_first_format_whose_columns_the_file_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(SHIPPED, "pairs", rollout.formats.Shipped(lambda row: {"messages": []}, ("text", "said")))
    assert open_format(AUTO, tmp_path, ["said", "text"]).name == "pairs"
    assert open_format(AUTO, tmp_path, ["said", "text", "messages"]).name == "canonical"


@pytest.mark.parametrize("name", ["auto", "canonical"])
def test_a_file_without_a_formats_columns_is_refused_with_what_it_has(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "rows.jsonl", *PAIRS)
    said = "need a `messages` column .* found text, said, about; set data.format to a function that reads them"
    with pytest.raises(RowError, match=rf"rows\.jsonl: rows {said}"):
        open_rows(file, row_format=FunctionSpec(name))
    other = write(tmp_path / "other.jsonl", {"conversations": [{"from": "human", "value": "?"}]})
    with pytest.raises(RowError, match=r"rename `conversations` to `messages`, .* or set data\.format to a function"):
        open_rows(other, row_format=FunctionSpec(name))


def test_a_function_of_ones_own_gives_question_reply_task_source_and_columns(tmp_path: Path) -> None:
    rows = open_rows(write(tmp_path / "rows.jsonl", *PAIRS), row_format=pairs(tmp_path, task="who"))
    assert [(row.question, row.reference, row.task, row.source, row.columns) for row in rows] == [
        (pair["text"], pair["said"], "who", pair["about"], {"about": pair["about"]}) for pair in PAIRS
    ]
    assert rows.tasks() == ["who", "who"]
    assert rows.sources() == ["smile", "frown"]
    assert [rows[1], rows[0]] == [*rows][::-1]


def test_the_functions_text_travels_to_processes_that_lack_its_file(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *PAIRS)
    rows = open_rows(file, row_format=pairs(tmp_path))
    function(tmp_path, "raise SystemExit")  # what the file says later does not count
    (tmp_path / "my_format.py").unlink()
    again = open_rows(file, row_format=rows.format.spec, check=False)
    assert [*again] == [*rows]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('return row["txt"]', "row 1: the format {name} failed (KeyError in line 2: 'txt'); mend it, or mend or remove the row"),
        ("raise SystemExit(3)", "row 1: the format {name} failed (SystemExit in line 2: 3)"),
        ('return [row["text"]]', "row 1: the format {name} must return a dict of columns, found a list"),
        ("pass", "row 1: the format {name} must return a dict of columns, found nothing"),
        (
            'return {"text": "?", "video": "a"}',
            "row 1: the format {name} must return a column `messages`, found only text, video",
        ),
        ("return {}", "row 1: the format {name} must return a column `messages`, found nothing"),
        ('return {"messages": "?"}', "row 1 as {name} reads it, key `messages`: must be a list of turns, found text"),
        (
            'return {"messages": [{"role": "user", "content": "<video>"}]}',
            "row 1 as {name} reads it, key `videos`: the text asks for 1 video(s) by <video>, found 0",
        ),
        (
            'from rewards.errors import UserError; raise UserError("`text` is too short; write more")',
            "row 1: `text` is too short; write more",
        ),
    ],
)
def test_a_function_that_fails_is_told_with_file_row_and_its_name(tmp_path: Path, body: str, said: str) -> None:
    name = function(tmp_path, body)
    file = write(tmp_path / "rows.jsonl", *PAIRS)
    with pytest.raises(RowError) as error:
        open_rows(file, row_format=FunctionSpec(name))
    assert str(error.value).startswith(f"{file}, {said.format(name=name)}")


def test_only_the_row_that_cannot_be_read_is_blamed(tmp_path: Path) -> None:
    checked = 'row["text"] if row["said"] == "she" else 1 / 0'
    name = function(tmp_path, f'return {{"messages": [{{"role": "user", "content": {checked}}}]}}')
    with pytest.raises(RowError, match=r"rows\.jsonl, row 2: .* \(ZeroDivisionError in line 2"):
        open_rows(write(tmp_path / "rows.jsonl", *PAIRS), row_format=FunctionSpec(name))


def test_formats_that_cannot_be_found_or_called_are_refused(tmp_path: Path) -> None:
    (tmp_path / "strict.py").write_text("def read(row, fps=1): return row\ndef none(): return 1\n")
    for target, parameters, said in (
        ("canonicl", {}, "row format: 'canonicl' is not known; use one of auto, canonical, .*; did you mean 'canonical'"),
        ("canonical", {"fps": 1}, "canonical does not take the parameters fps"),
        (f"{tmp_path}/absent.py:read", {}, "absent.py: no such file"),
        (f"{tmp_path}/strict.py:rd", {}, "strict.py has no 'rd'; did you mean 'read'"),
        (f"{tmp_path}/strict.py:read", {"fsp": 1}, "does not take the parameters fsp; did you mean 'fps'"),
        (f"{tmp_path}/strict.py:none", {}, "none cannot be called with"),
    ):
        with pytest.raises(PluginError, match=said):
            open_format(FunctionSpec(target, parameters), tmp_path, ["messages"])
    (tmp_path / "loud.py").write_text("def read(row): return row\nraise RuntimeError('was run')\n")
    with pytest.raises(PluginError, match=r"RuntimeError in line 2: was run"):
        open_format(FunctionSpec(f"{tmp_path}/loud.py:read"), tmp_path, [])


def test_the_example_reads_sharegpt_rows(faces: Path, media_rows: Path, tmp_path: Path) -> None:
    image = next(medium.path for row in open_rows(media_rows) for medium in row.media if medium.kind == "image")
    clip = str(min((faces / "videos").iterdir()))
    human, gpt = {"from": "human", "value": "<image>\nWho smiles?"}, {"from": "gpt", "value": "she"}
    talk = [{"from": "system", "value": "Be brief."}, human, gpt, {"from": "human", "value": "Why?"}]
    lines = [
        {"id": "1", "image": image, "video": None, "conversations": talk},
        {"id": "2", "image": None, "video": clip, "conversations": [human, gpt]},
        {"id": "3", "image": None, "video": None, "conversations": [{"from": "human", "value": "What is a scowl?"}]},
    ]
    (tmp_path / "rows.json").write_text(json.dumps(lines))
    rows = [*open_rows(tmp_path / "rows.json", row_format=FunctionSpec(f"{SHAREGPT}:sharegpt", {"video_tag": "<image>"}))]
    assert [row.question for row in rows] == ["<image>\nWho smiles?", "<video>\nWho smiles?", "What is a scowl?"]
    assert [row.reference for row in rows] == ["she", "she", None]
    assert [[(medium.kind, medium.path) for medium in row.media] for row in rows] == [[("image", image)], [("video", clip)], []]
    assert [row.columns for row in rows] == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
