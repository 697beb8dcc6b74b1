"""Row formats: those that ship, one's own, and whose mistake it is when a row cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rollout.rows.formats.registry
from rewards.plugins.spec import FunctionSpec, PluginError
from rollout.rows.build import build_row
from rollout.rows.formats.canonical import canonical
from rollout.rows.formats.registry import AUTO, RowFormat, open_format
from rollout.rows.formats.shipped import SHIPPED, Shipped
from rollout.rows.row import Row, RowError
from tests.unit.rollout.row_writing import ASK

EXAMPLE = Path(rollout.rows.formats.registry.__file__).parents[3] / "examples" / "subtitles_format.py"
FILE = Path("rows.jsonl")
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


def read(row_format: RowFormat, *rows: dict[str, Any]) -> list[Row]:
    """Rows of a file in a format."""
    found = []
    for index, row in enumerate(rows):
        where = f"rows.jsonl, row {index + 1}"
        found.append(build_row(row_format.columns(row, where), index, where + row_format.reader, Path("/data")))
    return found


def test_rows_in_ms_swift_form_are_taken_as_they_are() -> None:
    assert canonical(ASK) is ASK
    found, named = open_format(AUTO, FILE, list(ASK), ASK), open_format(FunctionSpec("canonical"), FILE, list(ASK))
    assert found.spec == named.spec == FunctionSpec("canonical")
    assert read(found, ASK) == read(named, ASK)


def test_the_choice_is_said() -> None:
    found, named = open_format(AUTO, FILE, list(ASK), ASK), open_format(FunctionSpec("canonical"), FILE, list(ASK))
    assert found.sentence("train") == "rows of train are read as canonical (data.format: auto)"
    assert named.sentence("train") == "rows of train are read as canonical (data.format: canonical)"


def test_auto_takes_the_first_format_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Shipped(canonical, ("text", "said"), lambda file, row: file.name == "pairs.json" or "about" in row)
    monkeypatch.setitem(SHIPPED, "pairs", shipped)
    assert open_format(AUTO, Path("pairs.json"), ["said", "text"]).name == "pairs"
    assert open_format(AUTO, FILE, ["said", "text"], PAIRS[0]).name == "pairs"
    assert open_format(AUTO, FILE, ["said", "text", "messages"], PAIRS[0]).name == "canonical"
    with pytest.raises(RowError, match="canonical rows need a column `messages`"):
        open_format(AUTO, FILE, ["said", "text"], {})


@pytest.mark.parametrize(
    ("columns", "first", "name"),
    [
        (["prompt", "reward_model"], {"prompt": "?", "reward_model": None}, "trl"),
        (["prompt", "reward_model"], {"prompt": [], "reward_model": {"ground_truth": None}}, "verl"),
        (["problem", "solution", "answer"], {"problem": "?", "solution": "s", "answer": "a"}, "easyr1"),
        (["problem", "solution", "answer"], {"problem": "?", "solution": "s", "answer": None}, "video_r1"),
        (["problem", "solution", "answer", "data_type"], {"answer": "a", "data_type": "video"}, "video_r1"),
        (["messages", "conversations"], {"messages": []}, "canonical"),
    ],
)
def test_the_first_row_decides_where_columns_do_not(columns: list[str], first: dict[str, Any], name: str) -> None:
    assert open_format(AUTO, FILE, columns, first).name == name


@pytest.mark.parametrize("name", ["auto", "canonical"])
def test_a_file_without_a_formats_columns_is_refused_with_what_it_has(name: str) -> None:
    said = (
        "canonical rows need a column `messages`, found text, said, about; name theirs in data.columns, or set data.format to a"
    )
    with pytest.raises(RowError, match=f"rows.jsonl: {said}"):
        open_format(FunctionSpec(name), FILE, list(PAIRS[0]))
    with pytest.raises(
        RowError, match=r"easyr1 rows need a column `problem`, found conversations; set data\.format=sharegpt, which they"
    ):
        open_format(FunctionSpec("easyr1"), FILE, ["conversations"])


def test_a_row_without_the_formats_column_is_refused_with_what_it_has() -> None:
    with pytest.raises(RowError, match="w: has no `messages`, as canonical rows need; found text"):
        open_format(AUTO, FILE, ["messages"]).columns({"text": "?"}, "w")


def test_errors_say_who_reads_a_row_unless_columns_keep_their_names(tmp_path: Path) -> None:
    names = {name: open_format(FunctionSpec(name), FILE, shipped.needs).reader for name, shipped in SHIPPED.items()}
    assert [name for name, reader in names.items() if not reader] == ["emo_cfg", "canonical"]
    assert names["verl"] == " as verl reads it"
    own = pairs(tmp_path)
    assert open_format(own, FILE, []).reader == f" as {own.target} reads it"


def test_a_format_may_be_told_the_rows_file() -> None:
    found = open_format(FunctionSpec("emo_cfg"), Path("MAFW.json"), ["messages"])
    assert found.columns(ASK, "w")["source"] == "MAFW"
    assert found.columns(ASK, "w", Path("MEAD.json"))["source"] == "MEAD"


def test_a_function_of_ones_own_gives_question_reply_task_source_and_columns(tmp_path: Path) -> None:
    rows = read(open_format(pairs(tmp_path, task="who"), FILE, list(PAIRS[0])), *PAIRS)
    assert [(row.question, row.reference, row.task, row.source, row.columns) for row in rows] == [
        (pair["text"], pair["said"], "who", pair["about"], {"about": pair["about"]}) for pair in PAIRS
    ]


def test_the_functions_text_travels_to_processes_that_lack_its_file(tmp_path: Path) -> None:
    found = open_format(pairs(tmp_path), FILE, list(PAIRS[0]))
    function(tmp_path, "raise SystemExit")  # what the file says later does not count
    (tmp_path / "my_format.py").unlink()
    again = open_format(found.spec, FILE, list(PAIRS[0]))
    assert read(again, *PAIRS) == read(found, *PAIRS)


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
        ('return {"messages": 3}', "row 1 as {name} reads it, key `messages`: must be a list of turns, found a number"),
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
def test_a_function_that_fails_is_told_with_row_and_its_name(tmp_path: Path, body: str, said: str) -> None:
    name = function(tmp_path, body)
    with pytest.raises(RowError) as error:
        read(open_format(FunctionSpec(name), FILE, list(PAIRS[0])), *PAIRS)
    assert str(error.value).startswith(f"rows.jsonl, {said.format(name=name)}")


def test_only_the_row_that_cannot_be_read_is_blamed(tmp_path: Path) -> None:
    checked = 'row["text"] if row["said"] == "she" else 1 / 0'
    name = function(tmp_path, f'return {{"messages": [{{"role": "user", "content": {checked}}}]}}')
    with pytest.raises(RowError, match=r"rows\.jsonl, row 2: .* \(ZeroDivisionError in line 2"):
        read(open_format(FunctionSpec(name), FILE, list(PAIRS[0])), *PAIRS)


def test_formats_that_cannot_be_found_or_called_are_refused(tmp_path: Path) -> None:
    (tmp_path / "strict.py").write_text("def read(row, fps=1): return row\ndef none(): return 1\n")
    for target, parameters, said in (
        (
            "canonicl",
            {},
            "row format: 'canonicl' is not known; use one of auto, emo_cfg, canonical, .*; did you mean 'canonical'",
        ),
        ("canonical", {"fps": 1}, "canonical does not take the parameters fps"),
        (f"{tmp_path}/absent.py:read", {}, "absent.py: no such file"),
        (f"{tmp_path}/strict.py:rd", {}, "strict.py has no 'rd'; did you mean 'read'"),
        (f"{tmp_path}/strict.py:read", {"fsp": 1}, "does not take the parameters fsp; did you mean 'fps'"),
        (f"{tmp_path}/strict.py:none", {}, "none cannot be called with"),
    ):
        with pytest.raises(PluginError, match=said):
            open_format(FunctionSpec(target, parameters), FILE, ["messages"])
    (tmp_path / "loud.py").write_text("def read(row): return row\nraise RuntimeError('was run')\n")
    with pytest.raises(PluginError, match=r"RuntimeError in line 2: was run"):
        open_format(FunctionSpec(f"{tmp_path}/loud.py:read"), FILE, [])


def test_the_example_asks_with_what_is_said() -> None:
    raw = {"clip": "1.mp4", "subtitle": "Oh!", "question": "How does she feel?", "reply": "surprised", "speaker": "Ann"}
    found = open_format(FunctionSpec(f"{EXAMPLE}:with_subtitles", {"words": "(She says: {subtitle})"}), FILE, list(raw))
    spoken, silent = read(found, raw, {**raw, "subtitle": None, "reply": None})
    assert (spoken.question, spoken.reference) == ("<video>How does she feel?\n(She says: Oh!)", "surprised")
    assert (silent.question, silent.reference) == ("<video>How does she feel?", None)
    assert [medium.path for medium in spoken.media] == ["/data/1.mp4"]
    assert spoken.columns == {"speaker": "Ann"}
