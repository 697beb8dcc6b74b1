"""Scorers for sets of labels: emotions that mean the same, and facial action units."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rewards.answers.options import read_options
from rewards.answers.reading import read_labels
from rewards.answers.text import answer_text
from rewards.sample import RewardSample, Score
from rewards.scorers.f1 import f1_score
from rewards.tree.nodes import AffectiveTree
from rewards.tree.taxonomy import fold, taxonomy

_ACTION_UNIT = re.compile(r"\bAU\s?(\d{1,2})\b", re.IGNORECASE)


def emotion_wheel(sample: RewardSample) -> Score | None:
    """F1 of two sets of emotions, in which words of one cluster on an emotion wheel are the same; None without gold.

    It is the emotion-wheel metric of MER-UniBench and the reward of AffectGPT-R1, in [0, 1]: precision is |G ∩ P| / |P|
    and recall |G ∩ P| / |G| over clusters, in each sample. Emotions are the tree's roots where there is a tree, otherwise
    the comma-separated answer. A word that is on no wheel is a cluster of its own.
    """
    options = sample.gold_answer.options if sample.gold_answer else read_options(sample.options, sample.prompt)
    true = _roots(sample.gold.tree) or _on_wheel(
        label for text in sample.answers or (sample.answer or "",) for label in read_labels(answer_text(text), options)
    )
    if not true:
        return None
    found = _roots(sample.stated)
    if not found and "<tree>" not in sample.completion:
        found = _on_wheel(read_labels(answer_text(sample.completion), options))
    measured = f1_score(len(found & true), len(found), len(true))
    return Score(measured.f1, {"precision": measured.precision, "recall": measured.recall})


def au(sample: RewardSample, beta: float = 1.0, signed: bool = False) -> Score | None:
    """F-beta over the action units that a completion names, in [0, 1]; None without a gold answer of units, or of `None`.

    `AU4`, `au 4` and `AU04` are one unit. Where there are none, the score is 1 for an answer that names none; to say nothing is
    no answer.

    Args:
        sample: its `answer` lists the true units.
        beta: above 1 weighs recall more than precision, below 1 less.
        signed: whether to give 2 F - 1, in [-1, 1]: the reward of Facial-R1.
    """
    gold = answer_text(sample.answer or "") or ""
    said = answer_text(sample.completion) or ""
    found, true = action_units(said), action_units(gold)
    if not true and fold(gold) != fold("none"):
        return None
    hits, square = len(found & true), beta * beta
    total = (1 + square) * hits + square * len(true - found) + len(found - true)
    value = (1 + square) * hits / total if total else float(bool(said.strip()))
    measured = f1_score(hits, len(found), len(true))
    return Score(2 * value - 1 if signed else value, {"precision": measured.precision, "recall": measured.recall})


def action_units(text: str) -> frozenset[int]:
    """The numbers of the action units that a text names."""
    return frozenset(int(number) for number in _ACTION_UNIT.findall(text))


@lru_cache(maxsize=1)
def _clusters() -> dict[str, str]:
    """Folded word -> its cluster on the wheel."""
    return {fold(word): cluster for cluster, words in taxonomy()["wheel"].items() for word in words}


def _roots(tree: AffectiveTree) -> frozenset[str]:
    return _on_wheel(node.label for node in tree.emotions())


def _on_wheel(labels: Iterable[str]) -> frozenset[str]:
    return frozenset(_clusters().get(fold(label), fold(label)) for label in labels)
