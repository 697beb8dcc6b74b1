"""What a researcher sees: `affectree reward check`, `score`, `try` and `hacks`, and the example package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rewards.cli import app
from rewards.plugins.spec import PluginError
from rewards.tools.recorded import RolloutDataError
from rewards.tools.reward_hacks import ANSWER, GOLD, honest_cases
from rewards.tree.writer import write

HOME = Path(__file__).parents[3]
EXAMPLE = HOME / "examples" / "my_scorer" / "my_scorer" / "scoring.py"
BROKEN = HOME / "examples" / "broken_scorer.py"


def affectree_reward(*words: str, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_check_passes_what_is_fit_for_a_run() -> None:
    for target in ("evidence", "relative_length"):
        code, output = affectree_reward("check", f"{EXAMPLE}:{target}")
        assert code == 0, output
        assert "is fit for a run" in output


def test_check_names_every_fault_of_a_broken_scorer() -> None:
    code, output = affectree_reward("check", f"{BROKEN}:score")
    assert code == 1
    for said in ("probe: empty", "ZeroDivisionError", "found nan", "found 'a number'", "determinism", "order independence"):
        assert said in output


def test_check_takes_a_mix_and_gathers_one_fault_of_all_probes(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {structure: {}, tree_edit: {}}\n")
    code, output = affectree_reward("check", str(mix))
    assert code == 0, output
    assert output.index("structure:") < output.index("tree_edit:")
    file = tmp_path / "list.py"
    file.write_text("def f(samples):\n    return [bool(sample.completion) for sample in samples]\n")
    code, output = affectree_reward("check", f"{file}:f")
    assert code == 1
    assert output.count("not iterable") == 1
    assert "set the mode" in output
    assert affectree_reward("check", f"{file}:f", "--mode", "batch")[0] == 0


def test_score_fails_where_nothing_could_be_scored(tmp_path: Path) -> None:
    rows = tmp_path / "r.jsonl"
    rows.write_text('{"completion": "a"}\n')
    code, output = affectree_reward("score", "leaf", "--rollouts", str(rows))
    assert code == 1
    assert "no sample could be scored" in output


def test_check_says_what_cannot_be_imported(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("import not_installed\n")
    code, output = affectree_reward("check", f"{file}:score")
    assert code == 1
    assert "No module named 'not_installed'" in output


def rollouts(tmp_path: Path) -> list[dict[str, object]]:
    cases = [case for case in honest_cases() if case.name != "right evidence"]
    return [
        {
            "step": 1,
            "prompt_key": "step1-0",
            "completion": case.completion,
            "answer": ANSWER,
            "tree": write(GOLD),
            "reward": reward,
            "columns": json.dumps({"clip": 3}),
        }
        for case, reward in zip(cases, (1.0, 0.5, 0.25), strict=True)
    ]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_score_shows_table_histogram_and_coloured_trees(tmp_path: Path, kind: str) -> None:
    rows = rollouts(tmp_path)
    file = tmp_path / f"step_1.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    else:
        file.write_text("\n".join(json.dumps(row) for row in rows))
    code, output = affectree_reward("score", "default", "--rollouts", str(file), "--show", "1")
    assert code == 0, output
    for said in ("3 of 3", "new minus recorded", "correlation", "rewards", "best", "worst", "slowest", "emotion sad (strong)"):
        assert said in output
    assert "~" in output
    assert affectree_reward("score", "root", "--rollouts", str(tmp_path))[0] == 0


def test_score_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(RolloutDataError, match="no such file"):
        affectree_reward("score", "root", "--rollouts", str(tmp_path / "none.parquet"))
    with pytest.raises(PluginError, match="key=value"):
        affectree_reward("check", "root", "-p", "nonsense")
    with pytest.raises(PluginError, match="a mix brings its own parameters, modes and adapters; give none"):
        affectree_reward("check", "default", "--mode", "batch")


def test_a_shipped_mix_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("default", "configs/rewards/default.yaml"):
        code, output = affectree_reward("try", name, "--answer", "angry", stdin="angry")
        assert code == 0, output
        assert "qa 1.000" in output
        assert affectree_reward("hacks", name)[0] == 0
    with pytest.raises(PluginError, match="no such file"):
        affectree_reward("try", "absent.yaml", stdin="x")
    with pytest.raises(PluginError, match="'defalt' is not known"):
        affectree_reward("try", "defalt", stdin="x")


def test_columns_and_rows_are_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample): return len(sample.completion) / 1e6 + sample.columns['clip']['weight']\n")
    code, output = affectree_reward("check", f"{file}:f")
    assert code == 1
    assert "KeyError: 'clip'" in output
    assert "--column name=value" in output
    assert affectree_reward("check", f"{file}:f", "--column", 'clip={"weight": 0}')[0] == 0
    code, output = affectree_reward("try", f"{file}:f", "-c", 'clip={"weight": 0.25}', stdin="")
    assert code == 0
    assert "reward 0.2500" in output
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"answer": "A", "clip": {"weight": 0}}\n')
    assert affectree_reward("check", f"{file}:f", "--rows", str(rows))[0] == 0
    with pytest.raises(PluginError, match="--column 'clip': must be key=value, such as --column weight=2"):
        affectree_reward("check", f"{file}:f", "--column", "clip")


def test_a_factory_makes_the_scorer(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def make(most): return lambda sample: min(len(sample.completion), most) / most\n")
    code, output = affectree_reward("try", f"{file}:make", "--factory", "-p", "most=4", stdin="ab")
    assert code == 0
    assert "reward 0.5000" in output
    assert affectree_reward("check", f"{file}:make", "--factory", "-p", "most=4")[0] == 0


def test_what_a_scorer_prints_and_logs_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import logging\ndef f(sample):\n    print('printed')\n    logging.getLogger('mine').warning('logged')\n"
        "    return bool(sample.completion)\n"
    )
    for command in ("check", "try"):
        code, output = affectree_reward(command, f"{file}:f", stdin="x")
        assert code == 0
        assert "printed" in output
        assert "WARNING mine: logged" in output


def test_the_first_example_of_the_docs_is_fit_and_what_it_was_is_not(tmp_path: Path) -> None:
    text = (HOME / "docs" / "writing-scorers.md").read_text().partition("```python\n")[2].partition("```")[0]
    file = tmp_path / "my_scorer.py"
    file.write_text(text)
    code, output = affectree_reward("check", f"{file}:score")
    assert code == 0, output
    assert "warning" not in output
    guard = text[text.index("    if ") : text.index("    said")]
    file.write_text(text.replace(guard, ""))
    code, output = affectree_reward("check", f"{file}:score")
    assert code == 1
    assert "gets 1 (no gold)" in output


def test_parameters_are_json_or_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample, number=0, word=''): return {'score': number, 'letters': len(word)}\n")
    code, output = affectree_reward("try", f"{file}:f", "-p", "number=0.5", "-p", "word=abc", stdin="x")
    assert code == 0
    assert "reward 0.5000" in output
    assert "f.letters 3.000" in output


def test_try_scores_standard_input(tmp_path: Path) -> None:
    gold = tmp_path / "gold.txt"
    gold.write_text(write(GOLD))
    code, output = affectree_reward("try", "leaf", "--tree", str(gold), stdin=honest_cases()[1].completion)
    assert code == 0
    assert "reward 0.5000" in output
    assert "attribute eyebrow angle: lowered" in output


def test_try_tells_a_gold_tree_that_cannot_be_read(tmp_path: Path) -> None:
    gold = tmp_path / "gold.txt"
    gold.write_text("A woman smiles.")
    with pytest.raises(PluginError, match=r"gold\.txt: the gold tree cannot be read: it has no <tree>"):
        affectree_reward("try", "leaf", "--tree", str(gold), stdin="x")


def test_hacks_shows_what_a_mix_pays(tmp_path: Path) -> None:
    code, output = affectree_reward("hacks")
    assert code == 0
    assert "what honest rationales and reward hacks get" in output
    assert "two answers, last right" in output
    file = tmp_path / "mix.yaml"
    file.write_text("scorers:\n  qa: {}\n")
    code, output = affectree_reward("hacks", str(file))
    assert code == 1
    assert "answer only" in output[output.index("paid more than it may be:") :]
    assert "two roots" in output[output.index("earns as much as the honest answer:") :]


def test_the_examples_own_tests_pass() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        "examples/my_scorer",
        "examples/my_scorer",
    ]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
