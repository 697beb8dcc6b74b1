"""Variables that a scorer needs: named by its settings or its code, and told when they are missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.plugins.trial import needed, try_out
from rewards.plugins.variables import named, without_secrets
from rewards.sample import Failure, RewardSample, scorer
from tests.unit.rewards.plugins.conftest import Start

FILE = """
import os
from rewards.sample import scorer

@scorer(env=("MY_KEY", "MY_OTHER"))
def declares(sample):
    return float(len(os.environ["MY_KEY"]))

@scorer(env=("MY_KEY",))
def make():
    return plain

def looks_up(sample):
    return float(os.environ["MY_UNKNOWN"])

def tells(sample):
    print("asking with", os.environ["MY_KEY"])
    raise ValueError("401 for https://judge/v1?key=" + os.environ["MY_KEY"])

def plain(sample):
    return 1.0
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MY_KEY", raising=False)
    monkeypatch.setenv("MY_OTHER", "x")
    (tmp_path / "keyed.py").write_text(FILE)
    return tmp_path / "keyed.py"


@pytest.mark.parametrize("isolation", ["process", "thread", "inline"])
def test_what_a_function_declares_is_there_or_told(file: Path, isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ScorerSpec("mine", f"{file}:declares", isolation=isolation)  # type: ignore[arg-type]
    said = "^scorer 'mine' needs MY_KEY in its environment, not set here; set it where affectree is started$"
    with pytest.raises(PluginError, match=said):
        start_runner(spec)
    monkeypatch.setenv("MY_KEY", "1234")
    assert try_out(spec) == ("MY_KEY", "MY_OTHER")
    runner = start_runner(spec)
    assert runner.score([RewardSample("x")])[0].value == 4.0  # type: ignore[union-attr]
    runner.close()


def test_what_settings_name_is_looked_for_before_the_import() -> None:
    spec = ScorerSpec("mine", "no_such_module:score", env=["MY_KEY", "MY_TOKEN"])
    with pytest.raises(PluginError, match=r"^scorer 'mine' needs MY_KEY, MY_TOKEN in its environment, not set here; "):
        start_runner(spec)


def test_a_factory_declares_for_what_it_makes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ScorerSpec("mine", f"{file}:make", factory=True)
    with pytest.raises(PluginError, match=r"^scorer 'mine' needs MY_KEY in"):
        start_runner(spec)
    monkeypatch.setenv("MY_KEY", "1")
    assert try_out(spec) == ("MY_KEY",)


def test_the_key_of_an_endpoint_is_needed_where_it_is_named() -> None:
    judge = {"url": "http://localhost:1/v1", "model": "m"}
    assert named(ScorerSpec("caption", parameters={"judge": judge})) == ()
    assert named(ScorerSpec("caption", parameters={"judge": "hosted"})) == ()
    assert named(ScorerSpec("caption", parameters={"judge": {**judge, "key_variable": "MY_KEY"}}, env=["A"])) == ("A", "MY_KEY")


def test_a_variable_that_is_looked_up_in_vain_is_told_by_name(start: Start, file: Path, tmp_path: Path) -> None:
    (outcome,) = start("looks_up", file).score([RewardSample("x")])
    assert isinstance(outcome, Failure)
    assert outcome.message == (
        "KeyError: the variable MY_UNKNOWN is not set; set it where affectree is started, and list it in cluster.env, or for a "
        "scorer in its env (keyed.py, line 14, in looks_up)"
    )
    (tmp_path / "imports.py").write_text('import os\nKEY = os.environ["MY_KEY"]\nscore = len\n')
    with pytest.raises(PluginError, match="cannot be imported: KeyError in line 2: the variable MY_KEY is not set; set it where"):
        start("score", tmp_path / "imports.py")
    (tmp_path / "ordinary.py").write_text('{}["MY_KEY"]\n')
    with pytest.raises(PluginError, match="KeyError in line 1: 'MY_KEY'; mend what runs on import"):
        start("score", tmp_path / "ordinary.py")


def test_what_a_scorer_says_is_kept_without_the_key(start: Start, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cr3t-value")
    runner = start("tells", file)
    (outcome,) = runner.score([RewardSample("x")])
    assert isinstance(outcome, Failure)
    assert outcome.message == "ValueError: 401 for https://judge/v1?key=[MY_KEY] (keyed.py, line 18, in tells)"
    assert runner.said() == "asking with [MY_KEY]\n"
    (file.parent / "imports.py").write_text('import os\nraise ValueError("no " + os.environ["MY_KEY"])\n')
    with pytest.raises(PluginError, match=r"ValueError in line 2: no \[MY_KEY\]; mend"):
        start("score", file.parent / "imports.py")


def test_a_key_is_hidden_in_every_form_in_which_texts_have_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    value = "/b64+slash/ünd more\n--second line--\n"
    monkeypatch.setenv("MY_KEY", value)
    monkeypatch.setenv("MY_OTHER_TOKEN", "--second line--longer")
    for form in (value, value.strip(), repr(value), json.dumps(value), quote(value, safe="")):
        assert not re.search("b64|second", without_secrets(f"asked with {form}!")), form
    assert without_secrets("--second line--longer") == "[MY_OTHER_TOKEN]"
    monkeypatch.setenv("MY_DB_PASS", "pass-for-db")
    monkeypatch.setenv("MY_ODD_KEY", "no\udcff text")  # bytes that are no UTF-8
    assert without_secrets("as me:pass-for-db@host") == "as me:[MY_DB_PASS]@host"
    monkeypatch.setenv("MY_KEY_FILE", str(tmp_path))
    assert without_secrets(f"no key in {tmp_path}") == f"no key in {tmp_path}"


def test_needed_is_what_was_found_or_what_settings_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "1")
    specs = [
        ScorerSpec("one", f"{file}:declares"),
        ScorerSpec("two", "no_such_module:score", env=["MY_TOKEN", "MY_KEY"]),
        ScorerSpec("leaf"),
    ]
    assert needed(specs) == ("MY_KEY", "MY_OTHER", "MY_TOKEN")


def test_names_are_refused_that_are_none() -> None:
    with pytest.raises(PluginError, match=r"env must be a list of names of environment variables, without their values$"):
        start_runner(ScorerSpec("leaf", env=["MY_KEY=s3cr3t"]))
    for wrong in ("MY_KEY", ("MY KEY",)):
        with pytest.raises(ValueError, match="env must be the names of environment variables"):
            scorer(env=wrong)
