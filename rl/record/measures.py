"""Greedy evaluation on held-out rows, per task and per level of the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rewards import scorers
from rewards.sample import RewardSample, Score
from rewards.tree.taxonomy import fold
from rollout.rows import Row
from rollout.samples import Group, gold_sample, reward_sample

OF_RATIONALES = (
    "root_accuracy",
    "root_intensity_accuracy",
    "expression_f1",
    "leaf_f1",
    "edges_f1",
    "structure",
    "tree_edit",
    "answer_accuracy",
)
"""Measures of rationales, in the order in which they are shown."""


@dataclass(frozen=True)
class Example:
    """A greedy rationale beside the gold one."""

    video: str
    written: str
    gold: str


@dataclass(frozen=True)
class Evaluation:
    """Measures of one stage, all in [0, 1], and a few examples. A measure for which no row has gold is left out."""

    measures: dict[str, float]
    examples: tuple[Example, ...] = ()


def evaluate_groups(
    groups: Sequence[Group], examples: int = 0, judged: Mapping[str, float | None] = MappingProxyType({})
) -> Evaluation:
    """Measures of greedy completions: one sample a group.

    `root_accuracy`, `leaf_f1` and so on are means over the rationale rows; `qa/TASK` is the mean over the rows of another
    task.

    Args:
        groups: the completions.
        examples: how many rationales to show beside the gold ones.
        judged: prompt's key -> score of its caption, where captions are not compared exactly; None leaves the row out.
    """
    pairs = [(group, reward_sample(group.prompt, group.samples[0])) for group in groups]
    rationales = [(group, sample) for group, sample in pairs if sample.task == "rationale"]
    measures: dict[str, float] = {}
    if rationales:
        measures = rationale_measures([sample for _, sample in rationales])
    tasks = sorted({sample.task for _, sample in pairs} - {"rationale"})
    answers = [(s.task, judged[g.prompt.key] if g.prompt.key in judged else scorers.qa(s)) for g, s in pairs if s.task in tasks]
    measures |= _means({f"qa/{task}": [score for of, score in answers if of == task] for task in tasks})
    if pairs:
        measures["length"] = float(np.mean([len(group.samples[0].ids) for group, _ in pairs]))
        measures["ended"] = float(np.mean([group.samples[0].finish_reason == "stop" for group, _ in pairs]))
    shown = [
        Example(", ".join(medium.path for medium in group.prompt.row.media), sample.completion, sample.tree or "")
        for group, sample in rationales[:examples]
    ]
    return Evaluation(measures, tuple(shown))


def rationale_measures(samples: Sequence[RewardSample]) -> dict[str, float]:
    """Measures of rationales by level: leaves (A), expressions (E), root (M), and of the tree as a whole."""
    return _means(
        {
            "root_accuracy": [scorers.root(s, evidence="linked") for s in samples],
            "root_intensity_accuracy": [scorers.root(s, wrong_intensity=0.0, evidence="linked") for s in samples],
            "expression_f1": [scorers.expression(s) for s in samples],
            "leaf_f1": [scorers.leaf(s) for s in samples],
            "edges_f1": [scorers.edges(s) for s in samples],
            "structure": [scorers.structure(s) for s in samples],
            "tree_edit": [scorers.tree_edit(s) for s in samples],
            "answer_accuracy": [scorers.qa(s) for s in samples],
        }
    )


def measures_of(tasks: Iterable[str]) -> list[str]:
    """Names of all measures of rows of these tasks, also of those that no row may have gold for."""
    named = set(tasks)
    of_rationales = OF_RATIONALES if "rationale" in named else ()
    return [*of_rationales, *(f"qa/{task}" for task in sorted(named - {"rationale"})), "length", "ended"]


def baselines(rows: Sequence[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """(chance, majority): what guessing evenly and what always saying the most frequent gold value would get.

    Over the aspects and labels that the gold trees and answers of these rows hold.
    """
    chance: dict[str, float] = {}
    majority: dict[str, float] = {}
    pairs = [(row, gold_sample(row)) for row in rows]
    trees = [sample.gold.tree for _, sample in pairs if sample.task == "rationale"]
    if roots := Counter(fold(m.label) for tree in trees for m in tree.emotions()):
        chance["root_accuracy"], majority["root_accuracy"] = _guess(roots)
    aspects: dict[str, Counter[str]] = {}
    for tree in trees:
        for leaf in tree.attributes():
            aspects.setdefault(fold(leaf.aspect), Counter())[fold(leaf.value)] += 1
    if aspects:
        guesses = [_guess(counts) for counts in aspects.values()]
        chance["leaf_f1"], majority["leaf_f1"] = (float(np.mean(column)) for column in zip(*guesses, strict=True))
    by_task: dict[str, dict[str, Counter[str]]] = {}
    for row, sample in pairs:
        gold = sample.gold_answer
        if row.task != "rationale" and gold is not None and not gold.is_set:  # F1 of a guess depends on how many one guesses
            (label,) = gold.answer.labels
            said = f"{label} ({gold.answer.intensities[label]})" if gold.answer.intensities else label
            by_task.setdefault(row.task, {}).setdefault(row.source, Counter())[said] += 1
    for task, by_source in by_task.items():
        weights = [counts.total() for counts in by_source.values()]
        by_guess = np.array([_guess(counts) for counts in by_source.values()])
        chance[f"qa/{task}"], majority[f"qa/{task}"] = (float(x) for x in np.average(by_guess, axis=0, weights=weights))
    return chance, majority


def _guess(counts: Counter[str]) -> tuple[float, float]:
    return 1 / len(counts), counts.most_common(1)[0][1] / counts.total()


def _means(scores: Mapping[str, Sequence[Score | float | None]]) -> dict[str, float]:
    """The mean of each measure over the samples that it applies to; those that apply to none are left out."""
    plain = {name: [v.value if isinstance(v, Score) else v for v in found if v is not None] for name, found in scores.items()}
    return {name: float(np.mean(values)) for name, values in plain.items() if values}
