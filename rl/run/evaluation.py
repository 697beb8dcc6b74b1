"""One model is evaluated: asked, judged, measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rewards.sample import RewardSample
from rl.config.clips import clip_spec
from rl.evaluation.answers import Answer, Sampling
from rl.evaluation.captions import judge_captions, measure_of
from rl.evaluation.comparison import Comparison, compare
from rl.evaluation.endpoint.client import Patience
from rl.evaluation.questions import EvalQuestion, questions_of
from rl.evaluation.scoring import RowScore, Verdict, score_answers
from rl.evaluation.summary import Summary, summarise
from rl.evaluation.wheels import SHIPPED
from rl.run.asking import answered
from rl.run.evaluated import Evaluated
from rollout.rows.row import Row
from rollout.samples import gold_sample

DIRECT = "direct"


class TooFewAnswers(UserError):
    """More questions than allowed have no answer."""


@dataclass(frozen=True)
class Asking:
    """How a model is evaluated."""

    sampling: Sampling = field(default_factory=Sampling)
    direct: bool = False
    """Ask rationales for their answer alone as well."""
    patience: Patience = field(default_factory=Patience)
    wheels: Path = SHIPPED
    """Tables of the emotion wheels."""


@dataclass(frozen=True)
class Found:
    """What was found about one model."""

    evaluated: Evaluated
    rows: tuple[RowScore, ...]
    """Of all arms."""
    questions: tuple[EvalQuestion, ...]
    answers: tuple[tuple[Answer, ...], ...]
    summaries: tuple[Summary, ...]
    """Of each arm; the one of the rows' own questions first."""

    def arm(self, name: str) -> tuple[str, list[RowScore]]:
        """The model's name, and the rows of one arm."""
        return self.evaluated.name, [row for row in self.rows if row.arm == name]

    def both_arms(self) -> Comparison:
        """The rationales' answers below their trees against those without a tree."""
        (name, asked), (_, direct) = self.arm("asked"), self.arm(DIRECT)
        paired = {row.question for row in direct}
        return compare(name, [row for row in asked if row.question in paired], f"{name} ({DIRECT})", direct)


def evaluate_model(evaluated: Evaluated, rows: Sequence[Row], asking: Asking) -> Found:
    """Ask a model all rows and measure its answers."""
    questions = list(questions_of(rows, asking.direct))
    asking = replace(asking, sampling=replace(asking.sampling, structured=evaluated.config.evaluation.structured))
    with answered(evaluated, questions, asking.sampling, asking.patience) as (answers, judge):
        samples = [[_sample(question, answer) for answer in of] for question, of in zip(questions, answers, strict=True)]
        measures = [measure_of(evaluated.config, question.row.task) for question in questions]
        judged = [
            (place, number)
            for place, (measure, of) in enumerate(zip(measures, answers, strict=True))
            if measure and all(answer.problem is None for answer in of)
            for number in range(len(of))
            if questions[place].row.answer is not None
        ]
        said = judge_captions(evaluated.config, [samples[place][number] for place, number in judged], judge)
    verdicts: dict[tuple[int, int], Verdict] = dict(zip(judged, said, strict=True))
    scored = []
    for place, (question, of) in enumerate(zip(questions, answers, strict=True)):
        of_row = [verdicts.get((place, number)) for number in range(len(of))]
        scored.append(_row_score(question, of, samples[place], of_row, measures[place]))
    how = _how(evaluated, asking)
    count, wheels = asking.sampling.count, asking.wheels
    summaries = [summarise(evaluated.name, how, [row for row in scored if row.arm == "asked"], count, wheels)]
    if asking.direct and (direct := [row for row in scored if row.arm == DIRECT]):
        summaries.append(summarise(f"{evaluated.name} ({DIRECT})", how, direct, count, wheels))
    return Found(evaluated, tuple(scored), tuple(questions), tuple(map(tuple, answers)), tuple(summaries))


def check_answered(found: Found, most: float) -> None:
    """Raises `TooFewAnswers` if more than this share of the questions has no measure."""
    unanswered, all_of_them = (sum(getattr(one, name) for one in found.summaries) for name in ("unanswered", "questions"))
    if unanswered > most * all_of_them:
        reasons = [reason for one in found.summaries for reason in one.problems]
        raise TooFewAnswers(
            f"{found.evaluated.name}: {unanswered} of {all_of_them} questions have no measure ({reasons[0]}), more than "
            f"--max-unanswered {most:g} allows; call again to ask for the rest, what was answered is kept"
        )


def _sample(question: EvalQuestion, answer: Answer) -> RewardSample:
    return replace(
        gold_sample(question.row),
        completion=answer.text,
        finish_reason=answer.finish_reason,
        completion_tokens=answer.tokens,
        group=question.digest,
    )


def _row_score(
    question: EvalQuestion,
    answers: Sequence[Answer],
    samples: Sequence[RewardSample],
    verdicts: Sequence[Verdict | None],
    measure: str | None,
) -> RowScore:
    row = question.row
    problem = next((answer.problem for answer in answers if answer.problem), None)
    if problem is None and row.answer is None and row.tree is None:
        problem = "nothing to compare with"
    blank = RowScore(
        question.pair, question.clip, question.task, row.source, question.arm, measure=measure or "accuracy", problem=problem
    )
    if problem is not None:
        return blank
    return score_answers(samples, verdicts, blank)


def _how(evaluated: Evaluated, asking: Asking) -> dict[str, Any]:
    server = evaluated.server
    return {
        "sampling": asdict(asking.sampling),
        "max_tokens": dict(evaluated.config.evaluation.max_tokens),
        "media": asdict(clip_spec(evaluated.config.data)),
        "server": server.url if server else None,
        "frames sent as": None if server is None else "video" if server.is_vllm else "images",
    }
