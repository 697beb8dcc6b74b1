"""When rewards are given anew, and that what scorers print is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.plugins.versions import _hash
from rewards.sample import Reward
from rl.config.load import load_config
from rl.record.rollouts import read_rollouts, write_rollouts
from rl.record.runs.directory import RunDirectory
from rl.run.replay.scoring import scoring, why_anew
from rl.run.replay.settings import Settings, replay_settings
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, scored


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Settings, Path]:
    """A run with one scorer, its settings and the scorer's file."""
    folder = tmp_path_factory.mktemp("run")
    file = folder / "mine.py"
    file.write_text("def score(sample):\n    print('asked about', sample.completion)\n    return len(sample.completion) / 10\n")
    scorers = f"rewards.scorers={{mine: {{spec: '{file}:score', level: emotion}}}}"
    words = [f"runs={folder / 'runs'}", "data.directory=data", scorers]
    config = load_config(Path("configs/quickstart.yaml"), words)
    directory = RunDirectory.create(config)
    directory.sources.go_on(config)
    directory.sources.stand_in()  # as a command does; files are read from here on
    return directory, replay_settings(directory, [], from_checkpoint=True), file


def test_rewards_are_given_anew_where_they_may_be_others(run: tuple[RunDirectory, Settings, Path]) -> None:
    directory, settings, file = run
    assert why_anew(directory, settings, rescore=False) == ""
    assert why_anew(directory, settings, rescore=True) == "--rescore"
    other = replay_settings(directory, ["rewards.scorers.mine.weight=2"], from_checkpoint=True)
    assert why_anew(directory, other, rescore=False) == "the settings of rewards are others"
    text = file.read_text()
    file.write_text(text + "# edited\n")
    assert why_anew(directory, settings, rescore=False) == "the text of mine has changed since the run"
    file.write_text(text)


def test_a_scorer_of_a_module_that_has_changed_gives_rewards_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "replayed_module.py"
    file.write_text("def score(sample): return 1.0\n")
    words = [
        f"runs={tmp_path / 'runs'}",
        "data.directory=data",
        "rewards.scorers={mine: {spec: 'replayed_module:score', level: emotion}}",
    ]
    config = load_config(Path("configs/quickstart.yaml"), words)
    directory = RunDirectory.create(config)
    directory.sources.go_on(config)
    assert why_anew(directory, Settings(config, config), rescore=False) == ""
    file.write_text("def score(sample): return 0.0\n")
    _hash.cache_clear()  # a process imports a module once; a replay is another process than the run
    assert why_anew(directory, Settings(config, config), rescore=False) == "the text of mine has changed since the run"


def test_a_group_is_scored_and_what_its_scorer_prints_is_shown(
    run: tuple[RunDirectory, Settings, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    was = scored(group(["abcd", "ab"]), [Reward(0.0), Reward(0.0)])
    whole = TrainingGroup(**vars(was), advantages=(0.0, 0.0), credit=(TokenCredit(),) * 2)
    write_rollouts(tmp_path / "step_1.parquet", 1, 1, [whole], [0])
    (recorded,) = read_rollouts(tmp_path / "step_1.parquet").groups
    with scoring(run[1].replayed, {"video": 1, "image": 0}) as found:
        again = found.score(recorded, was.prompt)
    assert [reward.value for reward in again.rewards] == [0.4, 0.2]
    assert again.readings == was.readings
    said = capsys.readouterr().out
    assert "scorer mine: asked about abcd" in said
    assert "scorer mine: asked about ab\n" in said
