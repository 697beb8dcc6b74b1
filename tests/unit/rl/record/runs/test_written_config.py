"""A configuration that was edited by hand is told, not trained with."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.load import ConfigError, load_config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError

QUICKSTART = Path("configs/quickstart.yaml")


@pytest.fixture
def begun(tmp_path: Path, faces: Path) -> RunDirectory:
    return RunDirectory.create(load_config(QUICKSTART, [f"runs={tmp_path}", f"data.directory={faces}"]))


def edit(run: RunDirectory, **changes: str) -> None:
    text = run.config_file.read_text()
    for old, new in changes.items():
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{old}:"))
        text = text.replace(line, line[: len(line) - len(line.lstrip())] + new, 1)
    run.config_file.write_text(text)


def test_what_was_edited_is_named_with_the_command_that_does_it(begun: RunDirectory) -> None:
    edit(begun, seed="seed: 7", group="group: 16")
    with pytest.raises(RunError) as error:
        RunDirectory.resume(begun.path)
    assert str(error.value) == (
        f"{begun.config_file}: was edited after the run had written it (seed from 0 to 7, grpo.group from 8 to 16); to change "
        f"settings of a run that goes on, type affectree train --resume {begun.path} seed=7 grpo.group=16"
    )


def test_many_edits_are_counted(begun: RunDirectory) -> None:
    edit(begun, seed="seed: 7", name="name: it's", group="group: 16", updates="updates: 4")
    with pytest.raises(RunError, match=r"and \d+ more\); to change .* …$"):
        RunDirectory.resume(begun.path)


def test_what_was_taken_out_is_to_be_put_back(begun: RunDirectory) -> None:
    edit(begun, seed="")
    with pytest.raises(RunError, match=r"seed from 0 to nothing\); put back what is missing"):
        RunDirectory.resume(begun.path)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_config_of_which_the_end_is_gone_is_told_as_that(begun: RunDirectory, share: float) -> None:
    lines = begun.config_file.read_text().splitlines(keepends=True)
    begun.config_file.write_text("".join(lines[: round(share * len(lines))]))
    with pytest.raises(
        RunError, match=r"config\.yaml: lacks \d+ of the \d+ settings that the run has written \(.*, …\); restore"
    ):
        RunDirectory.open(begun.path)


def test_a_setting_that_cannot_be_used_is_told_by_its_rule(begun: RunDirectory) -> None:
    edit(begun, group="group: -1")
    with pytest.raises(ConfigError, match=r"grpo\.group = -1"):
        RunDirectory.open(begun.path)


def test_words_that_give_all_that_was_edited_count_as_if_it_had_not_been(begun: RunDirectory) -> None:
    before = begun.config_file.read_text()
    edit(begun, seed="seed: 7")
    with pytest.raises(RunError, match="seed from 0 to 7"):
        RunDirectory.resume(begun.path, ["grpo.steps=60"])
    _, config = RunDirectory.resume(begun.path, ["seed=7", "grpo.steps=60"])
    assert config.seed == 0
    assert begun.config_file.read_text() == before


def test_comments_and_the_order_of_lines_are_free(begun: RunDirectory) -> None:
    text = begun.config_file.read_text()
    begun.config_file.write_text("# mine\n" + text)
    assert RunDirectory.resume(begun.path)[1].seed == 0


def test_a_config_that_was_being_written_when_the_process_was_killed_counts(
    begun: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunDirectory.resume(begun.path)[1]
    config.grpo.steps = 99
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("rl.record.runs.directory.config_text", interrupt)
        begun.write_config(config)
    assert RunDirectory.resume(begun.path)[1].grpo.steps != 99
    begun.write_config(config)
    assert RunDirectory.resume(begun.path)[1].grpo.steps == 99


def interrupt(_: object) -> str:
    raise KeyboardInterrupt


def test_a_run_that_does_not_know_its_settings_is_not_gone_on_with(begun: RunDirectory) -> None:
    begun.state_file.unlink()
    with pytest.raises(RunError, match=r"run\.json: does not say which settings the run has"):
        RunDirectory.resume(begun.path)
