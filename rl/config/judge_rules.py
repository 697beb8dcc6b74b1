"""What has to go together for a judge to be asked."""

from __future__ import annotations

from collections.abc import Iterator

from rewards.errors import UserError
from rewards.scorers.judge import check_judge
from rl.config.captions import CAPTION_SCORERS, asks_hosted
from rl.config.rule import Rule
from rl.config.schema import Config, JudgeConfig

_NONE_HOSTED = "asks the judge that the run hosts; set rewards.judge.model"


def judge_rules(config: Config) -> Iterator[Rule]:
    """Rules of the judge and of whoever asks it, kept or not."""
    judge = config.rewards.judge
    yield from _asking_rules(config)
    if judge is not None:
        yield from _hosting_rules(config, judge)
    reasoning = config.evaluation.reasoning
    if reasoning is not None:
        answered = reasoning.scorer != "judge" or judge is not None
        yield Rule("evaluation.reasoning.scorer", reasoning.scorer, answered, _NONE_HOSTED)


def _asking_rules(config: Config) -> Iterator[Rule]:
    for name, scorer in config.rewards.scorers.items():
        key, given = f"rewards.scorers.{name}", scorer.parameters.get("judge")
        if (scorer.spec or name) in CAPTION_SCORERS and given is not None:
            try:
                check_judge(given)
            except UserError as error:
                yield Rule(f"{key}.parameters.judge", given, False, str(error).partition(", found")[0])
        if asks_hosted(scorer):
            instead = f"{_NONE_HOSTED}, or name an endpoint: {{url: …, model: …}}"
            yield Rule(f"{key}.parameters.judge", given, config.rewards.judge is not None, instead)
            reaches = "must be thread or inline, since a process of its own cannot ask the judge that the run hosts"
            yield Rule(f"{key}.isolation", scorer.isolation, scorer.isolation != "process", reaches)


def _hosting_rules(config: Config, judge: JudgeConfig) -> Iterator[Rule]:
    yield Rule("rewards.judge.model", judge.model, bool(judge.model), "name the folder of a checkpoint, or a model of the hub")
    room = f"must be longer than the longest answer, rewards.judge.max_tokens = {judge.max_tokens}"
    yield Rule("rewards.judge.max_model_len", judge.max_model_len, judge.max_model_len > judge.max_tokens, room)
    alike = bool(judge.gpus) == bool(config.rollout.gpus)
    build = f"must be {'above 0' if config.rollout.gpus else '0'} as rollout.gpus is: one build of vLLM serves both"
    yield Rule("rewards.judge.gpus", judge.gpus, alike, build)
