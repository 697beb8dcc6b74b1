"""Scorers of the answer (`qa`) and of the completion as a whole: its `format` and its length (`length`, `overlong`)."""

from __future__ import annotations

from collections.abc import Collection

from rewards.sample import RewardSample
from rewards.scorers.f1 import f1_score
from rewards.tree.answers import answer_text, answers_several, label_and_intensity, label_set, option_letter
from rewards.tree.taxonomy import fold

MULTI_LABEL_TASKS = frozenset({"action_units", "emotion_multi", "appearance", "actions"})
"""Tasks whose answers are comma-separated labels."""


def qa(sample: RewardSample) -> float | None:
    """The paper's rule-based reward, in [0, 1]: set-F1 for multi-label tasks, else whether the answer is right.

    The answer is the inside of `<answer>` if there is one, else the whole completion. Options may be answered by letter or
    by name. Several `<answer>` are no answer. None without a gold answer.
    """
    if sample.answer is None:
        return None
    if answers_several(sample.completion):
        return 0.0
    said, gold = answer_text(sample.completion), sample.answer
    if sample.task in MULTI_LABEL_TASKS:
        found, true = label_set(said), label_set(gold)
        return f1_score(len(found & true), len(found), len(true)).f1
    if option_letter(gold) == gold.strip() and sample.options:
        chosen = _letter_of(said, sample.options) or option_letter(said)
        return float(chosen == gold.strip())
    return float(label_and_intensity(said) == label_and_intensity(gold))


def format(sample: RewardSample) -> float:
    """1 if the completion ended by itself and has the form of its task, else 0.

    The form of a rationale is one tree and one answer, that of every other task one line of text.
    """
    if sample.finish_reason != "stop":
        return 0.0
    if sample.task == "rationale":
        parsed = sample.parsed
        bad = ("no_tree", "unclosed_tree", "second_tree", "no_answer", "unclosed_answer", "several_answers")
        return float(not parsed.has(*bad))
    text = sample.completion.strip()
    return float(bool(text) and "\n" not in text)


def length(sample: RewardSample, longest: int = 512) -> float:
    """1 up to half of `longest` tokens, then falling in a line to 0 at `longest`.

    Args:
        sample: what to score.
        longest: number of tokens from which a completion earns nothing.
    """
    return min(1.0, max(0.0, 2.0 - 2.0 * sample.completion_tokens / longest))


def overlong(sample: RewardSample, longest: int = 512, buffer: int = 128) -> float:
    """0 up to `longest - buffer` tokens, then falling in a line to -1 at `longest` (DAPO, arXiv 2503.14476, Eq. 13).

    Args:
        sample: what to score.
        longest: number of tokens from which the penalty is whole.
        buffer: number of tokens over which it grows.
    """
    return -min(1.0, max(0.0, (sample.completion_tokens - (longest - buffer)) / buffer))


def _letter_of(said: str, options: Collection[str]) -> str | None:
    """The letter of the option that was answered by its name; None if it is none of them."""
    folded = [fold(option) for option in options]
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[folded.index(fold(said))] if fold(said) in folded else None
