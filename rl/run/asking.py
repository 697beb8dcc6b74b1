"""Answers to questions, from engines or from a server; those that are kept already are not asked for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from rewards.scorers.judge import HOSTED
from rewards.scorers.questions import Judge
from rl.config.clips import clip_spec
from rl.config.completions import longest_completion
from rl.config.schema import Config
from rl.evaluation.answers import Answer, AnswerFile, Sampling, key_of
from rl.evaluation.captions import judge_setting, measure_of
from rl.evaluation.endpoint.client import Asked, Patience, ask_all
from rl.evaluation.questions import EvalQuestion
from rl.record.time_left import phase
from rl.run.evaluated import Evaluated
from rl.run.rows_to_ask import most_media
from rollout.samples import Prompt, SamplingSpec

_AT_ONCE = 256
"""Questions whose prompts are made together."""


@dataclass(frozen=True)
class Waiting:
    """A question that has not all of its answers yet."""

    question: EvalQuestion
    key: str
    longest: int
    """Tokens of an answer at most."""
    missing: tuple[int, ...]
    """Numbers of the answers that are not kept."""


@contextmanager
def answered(
    evaluated: Evaluated, questions: Sequence[EvalQuestion], sampling: Sampling, patience: Patience
) -> Iterator[tuple[list[list[Answer]], Judge | None]]:
    """The answers to each question, in order, and the judge that the config hosts, which runs as long as the block.

    Args:
        evaluated: who is asked.
        questions: what.
        sampling: how answers are drawn.
        patience: with a server.
    """
    config, identity, clip = evaluated.config, evaluated.identity, asdict(clip_spec(evaluated.config.data))
    if evaluated.folder and config.data.too_long == "fit":
        clip["fit"] = config.rollout.max_model_len
    longest = [longest_completion(config.evaluation.max_tokens, question.task) for question in questions]
    keys = [key_of(one, identity, sampling, most, clip) for one, most in zip(questions, longest, strict=True)]
    found: dict[tuple[str, int], Answer] = {}
    with AnswerFile.open(evaluated.place.answers) as file, ExitStack() as started:
        waiting = {}
        for question, key, most in zip(questions, keys, longest, strict=True):
            kept = {number: answer for number in range(sampling.count) if (answer := file.get(key, number))}
            found |= {(key, number): answer for number, answer in kept.items()}
            if missing := tuple(number for number in range(sampling.count) if number not in kept):
                waiting[key] = Waiting(question, key, most, missing)

        def told(answer: Answer) -> None:
            found[answer.key, answer.sample] = answer
            file.add(answer)
            shown.step()

        running = started.enter_context(_started(evaluated, questions, list(waiting.values())))
        with phase("ask", sum(len(one.missing) for one in waiting.values())) as shown:
            _ask(evaluated, list(waiting.values()), sampling, patience, running.engines, told)
        yield [[found[key, number] for number in range(sampling.count)] for key in keys], running.judge


@dataclass(frozen=True)
class _Started:
    """What runs while questions are asked: engines where a folder is served, and the judge where the config hosts one."""

    engines: Any = None
    judge: Judge | None = None


@contextmanager
def _started(evaluated: Evaluated, questions: Sequence[EvalQuestion], waiting: Sequence[Waiting]) -> Iterator[_Started]:
    """Start the engines that serve a folder, if anything is asked of it, and the judge that the config hosts, if it is needed."""
    config, asks = deepcopy(evaluated.config), bool(waiting and evaluated.folder)
    judged = any(measure_of(config, question.row.task) == "judge" for question in questions)
    if not judged or judge_setting(config) != HOSTED:
        config.rewards.judge = None
    if not asks and config.rewards.judge is None:
        yield _Started()
        return
    from rl.run.serving import judging, serving

    media = most_media([question.row for question in questions])
    if asks and evaluated.folder is not None:
        with serving(config, evaluated.folder, media) as (engines, judge):
            yield _Started(engines, judge)
    else:
        with judging(config, media) as judge:
            yield _Started(judge=judge)


def _ask(
    evaluated: Evaluated,
    waiting: Sequence[Waiting],
    sampling: Sampling,
    patience: Patience,
    engines: Any,
    told: Callable[[Answer], None],
) -> None:
    if evaluated.server is not None:
        asked = [Asked(one.key, number, one.question.row, one.longest) for one in waiting for number in one.missing]
        ask_all(evaluated.server, asked, sampling, clip_spec(evaluated.config.data), patience, told)
        return
    for begin in range(0, len(waiting), _AT_ONCE):
        _ask_engines(evaluated.config, engines, waiting[begin : begin + _AT_ONCE], sampling, told)


def _ask_engines(
    config: Config, engines: Any, waiting: Sequence[Waiting], sampling: Sampling, told: Callable[[Answer], None]
) -> None:
    """Ask engines. All answers to a question are drawn together, also where only some are missing."""
    import ray

    prompts, by_key = [], {one.key: one for one in waiting}
    fitted = engines.fit([one.question.row for one in waiting], config.rollout.max_model_len - 1)
    for one, fit in zip(waiting, fitted, strict=True):
        problem = fit if isinstance(fit, str) else fit.change if config.data.too_long != "fit" else ""
        if problem:
            for number in one.missing:
                told(Answer(one.key, number, problem=f"prompt cannot be made: {problem}"))
        else:
            prompts.append(Prompt(one.key, fit.row, fit.encoded))

    def drawn(prompt: Prompt) -> SamplingSpec:
        seed = sampling.seed if sampling.temperature else None
        longest = by_key[prompt.key].longest
        return SamplingSpec(sampling.count, longest, sampling.temperature, seed=seed, structured=sampling.structured)

    for prompt, reference in engines.generate(prompts, drawn):
        group = ray.get(reference)
        for number in by_key[prompt.key].missing:
            sample = group.samples[number]
            told(Answer(prompt.key, number, sample.text, sample.finish_reason, len(sample.ids)))
