"""Files that name others: how they are found, in which order they are laid, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.bases import CONFIGS, read_layers, settings_file
from rewards.errors import UserError
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.yaml").write_text(text)


def test_a_file_that_is_there_comes_before_one_that_ships(folder: Path) -> None:
    for name in ("quickstart", "configs/quickstart.yaml"):
        assert settings_file(name) == CONFIGS / "quickstart.yaml"
    assert settings_file("algo/dapo") == CONFIGS / "algo" / "dapo.yaml"
    Path("quickstart").write_text("seed: 1\n")
    assert settings_file("quickstart") == Path("quickstart")
    assert settings_file("rl/cli.py") == Path("rl/cli.py")  # is affectree's, but no configuration
    assert settings_file("b.yaml", Path("there")) == Path("there/b.yaml")


def test_bases_come_in_their_order_each_after_its_own(folder: Path) -> None:
    write(a="base: [b.yaml, c.yaml]\nseed: 1\n", b="base: d.yaml\nseed: 2\n", c="seed: 3\n", d="seed: 4\n")
    found = read_layers(Path("a.yaml"))
    assert found == [("d.yaml", {"seed": 4}), ("b.yaml", {"seed": 2}), ("c.yaml", {"seed": 3}), ("a.yaml", {"seed": 1})]


def test_one_file_may_be_the_base_of_two(folder: Path) -> None:
    write(a="base: [b.yaml, c.yaml]\n", b="base: d.yaml\n", c="base: d.yaml\n", d="seed: 4\n")
    assert [name for name, _ in read_layers(Path("a.yaml"))] == ["d.yaml", "b.yaml", "d.yaml", "c.yaml", "a.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base: a.yaml\n", "a.yaml: its base leads back to itself (a.yaml > a.yaml); name another file there"),
        ("base: 3\n", "a.yaml: base must be the name of a file, or a list of such, found a number"),
        ("base: [b.yaml, 3]\n", "a.yaml: base must be the name of a file, or a list of such, found a list"),
        ("base: bb.yaml\n", "a.yaml: base = 'bb.yaml': no such file; did you mean 'b.yaml'?"),
        ("base: algo/dpao\n", "a.yaml: base = 'algo/dpao': no such file; did you mean 'algo/dapo'?"),
        ("base: .\n", ".: is a folder; give a file"),
        ("base: b.yaml\n", "b.yaml: must hold `key: value` lines at its top level; check that it is the right file"),
    ],
)
def test_a_base_that_cannot_be_is_told_with_the_file_that_names_it(folder: Path, text: str, said: str) -> None:
    write(a=text, b="- 1\n")
    with pytest.raises(UserError) as refused:
        read_layers(Path("a.yaml"))
    assert str(refused.value) == said


def test_a_mix_may_have_a_base_and_take_scorers_out(folder: Path) -> None:
    write(a="base: b.yaml\nscorers: {root: null, leaf: {weight: 3}}\n", b="scorers: {root: {}, leaf: {tasks: [x]}, qa: {}}\n")
    entries = {entry.scorer.name: entry for entry in read_mix(Path("a.yaml"))}
    assert list(entries) == ["leaf", "qa"]
    assert (entries["leaf"].weight, entries["leaf"].tasks) == (3.0, ("x",))
    assert [entry.scorer.name for entry in read_mix(Path("videmo_3b"))][:4] == ["qa", "caption", "tree_edit", "caption_tree"]
    write(a="scorers:\n  leaf:\n")
    with pytest.raises(PluginError, match=r"a\.yaml: the settings of leaf must be .*; {} takes its defaults"):
        read_mix(Path("a.yaml"))
