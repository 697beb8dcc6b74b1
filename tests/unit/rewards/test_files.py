"""Files that a user names are read as what they should be, or refused in one line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from rewards.errors import UserError
from rewards.files import read_json, read_json_lines, read_json_object, read_settings, read_text, type_name
from rewards.mix_settings import read_mix_settings


class Refused(UserError):
    """An error that only these tests raise."""


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_text_is_read_without_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_text(write(tmp_path / "x", "\ufeffö\n")) == "ö\n"


def test_what_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\x00\xff")
    write(tmp_path / "mix.yaml", "")
    for name, said in (
        ("clip.mp4", "is not text in UTF-8 (at byte 1); check that it is the right file"),
        ("mxi.yaml", "no such file; did you mean 'mix.yaml'?"),
        ("nothing.near", "no such file; check the path"),
        (".", "is a folder; give a file"),
        ("mix.yaml/x", "no such file, since a part of the path is a file; check the path"),
        ("x" * 300, "cannot be read (file name too long); check the path"),
        ("\0", "cannot be read (embedded null byte); check the path"),
    ):
        with pytest.raises(Refused) as refused:
            read_text(tmp_path / name, Refused)
        assert str(refused.value) == f"{tmp_path / name}: {said}"


SCALARS = [
    ("1e-3", 0.001),
    ("-1E3", -1000.0),
    ("1.5e-3", 0.0015),
    ("12e03", 12000.0),
    (".5", 0.5),
    ("1_000", 1000),
    ("1_000.5", 1000.5),
    ("1_000", 1000),
    ("1E5", 100000.0),
    ("-1.5E+3", -1500.0),
    (".5", 0.5),
    ("5.", 5.0),
    (".5e+1", 5.0),
    (".5e1", ".5e1"),  # of a number that begins with a point, YAML's exponents have signs
    ("1e", "1e"),
    ("e5", "e5"),
    ("1.2.3", "1.2.3"),
    ("_1", "_1"),
    ("'1_000'", "1_000"),
    ("1e5 x", "1e5 x"),
    ("010", 8),
    ("0o10", "0o10"),
    ("0x1F", 31),
    ("1:30", 90),
    ("yes", True),
    ("no", False),
    ("on", True),
    ("off", False),
    ("y", "y"),
    ("true", True),
    ("2024-01-02", "2024-01-02"),
    ("2024-01-02 10:11:12", "2024-01-02 10:11:12"),
    ("~", None),
    ("null", None),
    ("None", "None"),
    (".inf", math.inf),
    ("inf", "inf"),
    ("'1e-3'", "1e-3"),
    ("[1e-3, no]", [0.001, False]),
    ("{a: 1e-3}", {"a": 0.001}),
]


@pytest.mark.parametrize(("written", "meant"), SCALARS)
def test_a_value_means_the_same_in_a_mix_in_a_config_and_on_the_command_line(tmp_path: Path, written: str, meant: Any) -> None:
    """`1e-3` was text in a mix file and a number on the command line."""
    scorers = f"scorers: {{mine: {{parameters: {{alpha: {written}}}}}}}\n"
    mix = read_mix_settings(write(tmp_path / "mix.yaml", scorers))["mine"]
    config = read_mix_settings(write(tmp_path / "config.yaml", f"rewards: {{{scorers.strip()}}}\n"))["mine"]
    line: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"parameters.alpha={written}"]))
    for found in (mix["parameters"]["alpha"], config["parameters"]["alpha"], line["parameters"]["alpha"]):
        assert (type(found), found) == (type(meant), meant)


def test_settings_are_read_as_they_are_written(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path / "x.yaml", "")) == {}
    assert read_settings(write(tmp_path / "x.yaml", "a:\n  b: ${c}\n  d:\n")) == {"a": {"b": "${c}", "d": None}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "must hold `key: value` lines at its top level; check that it is the right file"),
        ("words", "must hold `key: value` lines at its top level"),
        ("a: [", "not valid YAML (line 1: expected the node content, but found '<stream end>'); mend it"),
        ("a: 1\na: 2\n", "not valid YAML (line 2: found duplicate key a)"),
        ("a: ${b", "not valid YAML ("),
        ("a: " + "[" * 2000, "not valid YAML ("),
    ],
)
def test_settings_that_are_none_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read_settings(write(tmp_path / "x.yaml", text), Refused)
    assert str(refused.value).startswith(f"{tmp_path / 'x.yaml'}: {said}")
    assert "\n" not in str(refused.value)


def test_json_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "x.json", '{"a": [1]}')
    assert read_json(file) == read_json_object(file) == {"a": [1]}
    lines = write(tmp_path / "x.jsonl", '{"a": 1}\n\n  \n2\n')
    assert list(read_json_lines(lines)) == [(1, {"a": 1}), (4, 2)]


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (read_json, "{", ": not JSON (line 1: expecting property name enclosed in double quotes); repair it, or check"),
        (read_json_object, "[1]", ": must hold a JSON object, found a list; repair it, or check"),
        (lambda file, error: list(read_json_lines(file, error)), "1\n{\n", ", line 2: not JSON (expecting property name"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, read: Callable[[Path, type[UserError]], Any], text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(write(tmp_path / "x", text), Refused)
    assert str(refused.value).startswith(f"{tmp_path / 'x'}{said}")


def test_types_in_words() -> None:
    values = (None, True, 1, 0.5, "x", [], {}, object())
    assert [type_name(value) for value in values] == [
        "nothing",
        "true or false",
        "a number",
        "a number",
        "text",
        "a list",
        "`key: value` pairs",
        "object",
    ]
