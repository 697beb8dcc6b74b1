"""The settings of a replay, and what it has no use for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from rl.config.load import ConfigError, load_config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import Session
from rl.run.replay.settings import Settings, changed_later, replay_settings

WORDS = ("learner.zero_stage=1", "data.directory=data")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run of the quickstart, with a scorer in a file."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "mine.py").write_text("def score(sample): return 1.0\n")
    words = (*WORDS, f"rewards.scorers.mine.spec={folder}/mine.py:score", f"runs={folder / 'runs'}")
    return RunDirectory.create(load_config(Path("configs/quickstart.yaml"), words))


def settings(directory: RunDirectory, *words: str, from_checkpoint: bool = True) -> Settings:
    return replay_settings(directory, words, from_checkpoint)


def test_without_words_nothing_is_another(directory: RunDirectory) -> None:
    found = settings(directory)
    assert (found.changes, found.other_rewards, found.other_rates) == ([], False, False)


def test_words_lie_over_what_the_run_had(directory: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loss.py").write_text("def loss(tokens, objective, scale): ...\n")
    found = settings(
        directory, "grpo.loss=loss.py:loss", "grpo.loss_parameters.scale=2", "grpo.kl=0.1", "learner.weight_decay=0.1"
    )
    keys = {one.key for one in found.changes}
    assert keys == {"grpo.loss", "grpo.loss_parameters", "grpo.kl", "learner.weight_decay"}
    assert found.replayed.grpo.loss == f"{Path.cwd()}/loss.py:loss"
    assert (found.recorded.grpo.loss, found.recorded.grpo.kl, found.replayed.grpo.group) == ("ppo", 0.05, 8)
    assert (found.other_rewards, found.other_rates) == (False, False)


def test_rewards_and_rates_are_known_to_be_others(directory: RunDirectory) -> None:
    found = settings(directory, "rewards.scorers.leaf.weight=3", "grpo.warmup=0.5")
    assert (found.other_rewards, found.other_rates) == (True, True)
    found = settings(directory, "rewards.max_error_share=0.5", "grpo.kl=0.1")
    assert (found.other_rewards, found.other_rates) == (False, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [
                "rollout.engines=2",
                "grpo.group=4",
                "grpo.temperature=0.5",
                "batch.prompts_by=clip",
                "seed=3",
                "evaluation.every=8",
                "name=x",
            ],
            [
                "rollout.engines has no effect here: a replay starts no engine; leave it out",
                "grpo.group has no effect here: the samples are drawn already",
                "grpo.temperature has no effect here: the samples are drawn already",
                "seed has no effect here: the samples are drawn already",
                "batch.prompts_by has no effect here: the samples are drawn already",
                "evaluation.every has no effect here: a replay neither tunes nor evaluates",
                "name has no effect here: a replay keeps nothing but what --out asks for",
            ],
        ),
        (
            ["learner.zero_stage=2", "learner.ranks=2", "model.lora={rank: 4}"],
            [
                "learner.zero_stage cannot be another here: DeepSpeed has laid out the checkpoint's shards for it",
                "learner.ranks cannot be another here: the optimizer's state is in one shard for each rank",
                "model.lora.* cannot be another here: the checkpoint has adapters of this shape",
            ],
        ),
        (["grpo.loss=nowhere.py:loss"], ["nowhere.py: no such file"]),
        (["grpo.estimator=gdop"], ["grpo.estimator = 'gdop'.*gdpo"]),
        (["grpo.updates=5"], ["grpo.prompts = 12"]),
    ],
)
def test_what_cannot_be_used_is_told(directory: RunDirectory, words: Sequence[str], said: Sequence[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(directory, *words)
    for line in said:
        assert re.search(line, str(caught.value)), str(caught.value)


def test_the_tuned_model_is_learned_from_with_any_optimizer_and_ranks(directory: RunDirectory) -> None:
    found = settings(directory, "learner.zero_stage=0", "learner.ranks=2", from_checkpoint=False)
    assert (found.replayed.learner.zero_stage, found.replayed.learner.ranks) == (0, 2)
    assert OmegaConf.structured(found.recorded).learner.zero_stage == 1


def test_steps_that_come_before_have_the_text_that_the_run_kept(tmp_path: Path) -> None:
    (tmp_path / "loss.py").write_text("def loss(tokens, objective): ...\n")
    words = (*WORDS, f"grpo.loss={tmp_path}/loss.py:loss", f"runs={tmp_path / 'runs'}")
    config = load_config(Path("configs/quickstart.yaml"), words)
    directory = RunDirectory.create(config)
    directory.sources.go_on(config)
    directory.sources.stand_in()  # as a command does; files are read from here on
    assert settings(directory).changes == []
    (tmp_path / "loss.py").write_text("def loss(tokens, objective): return 1\n")
    found = settings(directory)
    assert found.replayed.grpo.loss == f"{tmp_path}/loss.py:loss"
    file, _, function = found.recorded.grpo.loss.rpartition(":")
    assert (Path(file).read_text(), function) == ("def loss(tokens, objective): ...\n", "loss")
    assert Path(file).is_relative_to(directory.path)
    assert list(directory.sources.changed(found.replayed)) == ["grpo.loss"]


def test_settings_that_were_others_before_a_resume_are_told(directory: RunDirectory) -> None:
    changed = {"grpo.kl": (0.02, 0.05), "grpo.steps": (20, 32), "rollout.engines": (1, 2), "grpo.loss": ("gspo", "ppo")}
    tuned = Session("", "here", "resumed", "tune", 9, {"grpo.updates": (1, 2)}, ())
    history = [Session("", "here", "begun", "tune", 0, {}, ()), tuned, Session("", "here", "resumed", "grpo", 20, changed, ())]
    assert [line.partition(": ")[0] for line in changed_later(history, settings(directory), 20)] == [
        "grpo.kl from 0.02 to 0.05 after step 20 of the run",
        'grpo.loss from "gspo" to "ppo" after step 20 of the run',
    ]
    assert changed_later(history, settings(directory), 21) == []
    (line,) = changed_later(history, settings(directory, "grpo.kl=0.02"), 3)
    assert line.startswith("grpo.loss from")
