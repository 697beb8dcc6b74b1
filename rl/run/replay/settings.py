"""The settings of a replay: the run's, with words over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rl.config.changes import Change, changes
from rl.config.functions import function_problems
from rl.config.going_on import BOUND, OF_THE_MODEL
from rl.config.load import ConfigError, check
from rl.config.paths import absolute
from rl.config.resumption import Because
from rl.config.saved import load_saved, what, with_words
from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import Session
from rl.record.runs.sources import Sources

_DRAWN = ("prompts", "group", "mix", "resample", "temperature", "top_p", "top_k", "stop", "max_tokens", "task_max_tokens",
          "structured", "prolong")  # fmt: skip
_WITHOUT_EFFECT = (
    Because(("rollout.*",), "a replay starts no engine"),
    Because((*(f"grpo.{name}" for name in _DRAWN), "batch.*", "seed"), "the samples are drawn already"),
    Because(("curriculum.*", "evaluation.*"), "a replay neither tunes nor evaluates"),
    Because(("checkpoints.*", "tracking.*", "name", "runs"), "a replay keeps nothing but what --out asks for"),
    Because(("rewards.workers",), "a replay scores in its own process"),
    Because(("model.path", "model.init", "model.tiny.*"), "the model is the run's"),
)
_SCHEDULE = ("grpo.steps", "grpo.learning_rate", "grpo.final_learning_rate", "grpo.warmup", "grpo.restarts")


@dataclass(frozen=True)
class Settings:
    """What the run had, and what the steps that are asked for are learned from with."""

    recorded: Config
    """With the texts that the run keeps in place of files of its objective that have changed since."""
    replayed: Config

    @property
    def changes(self) -> list[Change]:
        """The settings that are others than the run's."""
        return changes(self.recorded, self.replayed)

    @property
    def other_rewards(self) -> bool:
        """Whether samples may be given other rewards than the run gave them."""
        return any(one.key.startswith(("rewards.scorers.", "rewards.judge")) for one in self.changes)

    @property
    def other_rates(self) -> bool:
        """Whether learning rates are to be other than those that the run recorded."""
        return any(one.key in _SCHEDULE for one in self.changes)


def replay_settings(directory: RunDirectory, words: Sequence[str], from_checkpoint: bool) -> Settings:
    """The settings of a replay.

    Args:
        directory: the run.
        words: `key=value`, over what the run has saved.
        from_checkpoint: the replay begins from a checkpoint, rather than from the tuned model.

    Raises:
        ConfigError: for words that cannot be used, or that a replay has no use for.
    """
    recorded, where = load_saved(directory.config_file, files=False), Path.cwd()
    config, read = with_words(directory.config_file, words)
    check(config, what(directory.config_file), files=False, words=read)
    settings = Settings(_as_it_was(recorded, directory.sources), absolute(config, where))
    if problems := [*_refused(settings, from_checkpoint), *function_problems(settings.replayed, files=True)]:
        raise ConfigError(problems, "the settings of the replay")
    return settings


def changed_later(history: Sequence[Session], settings: Settings, first: int) -> list[str]:
    """A line for each setting that counts here and was another, before the run was resumed, when steps were learned from.

    Args:
        history: the sessions of the run.
        settings: of the replay.
        first: the first step that is learned from.
    """
    given = {one.key for one in settings.changes}
    return [
        f"{Change(key, *values)} after step {one.step} of the run: the later is used for all steps, unless you give the former "
        f"for those before"
        for one in history
        if one.phase == "grpo" and one.step >= first
        for key, values in one.changed.items()
        if key not in given and _counts(key, settings.recorded)
    ]


def _counts(key: str, recorded: Config) -> bool:
    """Whether a setting has a part in learning from recorded samples; learning rates and rewards are recorded too."""
    without = key in _SCHEDULE or any(one.holds(key, recorded) for one in _WITHOUT_EFFECT)
    return key.startswith(("grpo.", "learner.", "model.", "rewards.scorers.")) and not without


def _as_it_was(config: Config, sources: Sources) -> Config:
    """A run's configuration with kept texts for what its objective names and has changed since."""
    changed = {key.removeprefix("grpo."): one for key, one in sources.changed(config).items() if key.startswith("grpo.")}
    former: dict[str, Any] = {name: sources.former(one) for name, one in changed.items() if one.folder}
    return replace(config, grpo=replace(config.grpo, **former))


def _refused(settings: Settings, from_checkpoint: bool) -> Iterator[str]:
    bound = BOUND if from_checkpoint else OF_THE_MODEL
    for change in settings.changes:
        for reasons, then in ((bound, "cannot be another here"), (_WITHOUT_EFFECT, "has no effect here")):
            found = next((one.why for one in reasons if one.holds(change.key, settings.recorded)), None)
            if found is not None:
                yield f"{change.key} {then}: {found}; leave it out"
                break
