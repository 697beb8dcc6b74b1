"""The rewards of recorded groups: as they were, or given anew.

They are given in this process, group after group, by the mix that a reward worker has. Scorers that are isolated have processes
of their own here too; one with `isolation=inline` can be stepped through with a debugger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rewards.mix import RewardMix, build_mix, with_sources
from rewards.scorers.judge import hosting
from rewards.scorers.questions import Judge
from rl.config.schema import Config, scorer_entries
from rl.record.console import say
from rl.record.rollouts import RecordedGroup
from rl.record.runs.directory import RunDirectory
from rl.run.replay.settings import Settings
from rl.run.workers import start_judge
from rollout.samples import Group, Prompt, ScoredGroup
from rollout.scoring import score_group

_SCORERS = "rewards.scorers."


@dataclass(frozen=True)
class Scoring:
    """Gives recorded groups their rewards anew."""

    mix: RewardMix
    judge: Judge | None

    def score(self, group: RecordedGroup, prompt: Prompt) -> ScoredGroup:
        """The group with its prompt and with new rewards. What the scorers print and log is told."""
        with hosting(self.judge):
            scored = score_group(self.mix, Group(prompt, group.asked(prompt).samples))
        for item in self.mix.scorers:
            for line in item.runner.said().splitlines():
                say(f"scorer {item.runner.spec.name}: {line}")
        return scored


def why_anew(directory: RunDirectory, settings: Settings, rescore: bool) -> str:
    """Why rewards are given anew; empty if they are as recorded."""
    if rescore:
        return "--rescore"
    if settings.other_rewards:
        return "the settings of rewards are others"
    edited = [key for key in directory.sources.changed(settings.recorded) if key.startswith(_SCORERS)]
    changed = [key.removeprefix(_SCORERS).removesuffix(".spec") for key in edited]
    return f"the text of {', '.join(changed)} has changed since the run" if changed else ""


@contextmanager
def scoring(config: Config, most_media: dict[str, int]) -> Iterator[Scoring]:
    """The mix of a configuration, with the judge that the run hosts if it does.

    Args:
        config: of the replay.
        most_media: the most videos and images that a prompt has, under `video` and `image`.

    Raises:
        PluginError: if a scorer cannot be loaded.
    """
    with ExitStack() as started:
        mix = started.enter_context(build_mix(with_sources(scorer_entries(config))))
        host = start_judge(config, most_media, started)
        if host is not None:
            host.wait(config.cluster.start_timeout)
            say("the judge is ready")
        yield Scoring(mix, host.judge if host else None)
