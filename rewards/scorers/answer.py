"""Scorers of the answer (`qa`) and of the completion as a whole: its `format` and its length (`length`, `overlong`)."""

from __future__ import annotations

from rewards.sample import RewardSample, scorer
from rewards.scorers.f1 import f1_score


def qa(sample: RewardSample, wrong_intensity: float = 0.0) -> float | None:
    """The paper's rule-based reward, in [0, 1]: F1 for a set of labels, else whether the answer is right.

    How answers are read, completions and gold alike: docs/affective-tree.md ("Answers"). Several `<answer>` are no answer, nor
    is one that has a label which no root of the completion's tree has. None without a gold answer.

    Args:
        sample: what to score.
        wrong_intensity: credit for the right label at the wrong intensity, or at none, where the gold answer states one.
    """
    gold = sample.gold_answer
    if gold is None:
        return None
    if sample.task == "rationale" and sample.contradicts_itself():
        return 0.0
    credit = gold.credit(sample.answered, wrong_intensity)
    return f1_score(credit.hits, credit.found, credit.true).f1 if gold.is_set else credit.hits


def format(sample: RewardSample) -> float:
    """1 if the completion ended by itself and has the form of its task, else 0.

    The form of a rationale is one tree of nothing but levels and nodes, and one answer; that of every other task one line of
    text.
    """
    if sample.finish_reason != "stop":
        return 0.0
    if sample.task == "rationale":
        return float(not sample.parsed.has(*_FORMLESS))
    text = sample.completion.strip()
    return float(bool(text) and "\n" not in text)


_FORMLESS = ("no_tree", "unclosed_tree", "second_tree", "unknown_line", "no_answer", "unclosed_answer", "several_answers")
"""Defects (`rewards.tree.parser.Defect`) that a rationale with the right form has none of."""


def length(sample: RewardSample, longest: int = 512) -> float:
    """1 up to half of `longest` tokens, then falling in a line to 0 at `longest`; 0 for a completion without a word.

    Args:
        sample: what to score.
        longest: number of tokens from which a completion earns nothing.
    """
    if not sample.completion.strip():
        return 0.0
    return min(1.0, max(0.0, 2.0 - 2.0 * sample.completion_tokens / longest))


@scorer(range=(-1.0, 0.0))
def overlong(sample: RewardSample, longest: int = 512, buffer: int = 128) -> float:
    """0 up to `longest - buffer` tokens, then falling in a line to -1 at `longest` (DAPO, arXiv 2503.14476, Eq. 13).

    Args:
        sample: what to score.
        longest: number of tokens from which the penalty is whole.
        buffer: number of tokens over which it grows.
    """
    return -min(1.0, max(0.0, (sample.completion_tokens - (longest - buffer)) / buffer))
