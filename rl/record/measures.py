"""Greedy evaluation on held-out rows, per task and per level of the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from rewards import scorers
from rewards.sample import RewardSample, Score
from rewards.tree.taxonomy import fold
from rl.evaluation.bootstrap import Values, bootstrap, interval_of
from rl.evaluation.scoring import tree_scores
from rollout.rows.row import Row
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
MEANINGS = {
    "root_accuracy": "the tree's emotion is right, and rests on an expression that rests on an attribute",
    "root_intensity_accuracy": "so is its intensity",
    "expression_f1": "F1 over the expressions' names; naming more than there are costs",
    "leaf_f1": "F1 over attributes with their values",
    "edges_f1": "F1 over the attributes that expressions rest on",
    "structure": "share of the rules of a well-formed tree that are kept",
    "tree_edit": "exp(-2 d / n): d edits turn the tree into the gold one, n nodes has the larger (VidEmo, Eq. 2)",
    "answer_accuracy": "the answer below the tree is right",
    "qa": "of each task: the answer is right, F1 where it is a set of labels, the scorer's mark where it is a caption",
    "length": "tokens of a completion",
    "ended": "share of completions that ended by themselves",
}
"""Measure -> what it means, in a line."""


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
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Where a measure lies with a probability of 95 %, by bootstrap over clips (`rl.evaluation.bootstrap`)."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows have gold for a measure."""


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
    found: dict[str, list[Scored]] = {}
    for group, sample in pairs:
        score = judged[group.prompt.key] if group.prompt.key in judged else scorers.qa(sample)
        of = rationale_scores(sample) if sample.task == "rationale" else {f"qa/{sample.task}": score}
        one = group.samples[0]
        of |= {"length": float(len(one.ids)), "ended": float(one.finish_reason == "stop")}
        for name, value in of.items():
            if value is not None:
                plain = value.value if isinstance(value, Score) else value
                found.setdefault(name, []).append(Scored(plain, clip_of(group.prompt.row)))
    named = [name for name in measures_of(sample.task for _, sample in pairs) if name in found]
    columns = [Values([one.score for one in found[name]], [one.clip for one in found[name]]) for name in named]
    draws = bootstrap(columns) if columns else np.empty((0, 0))
    intervals = {
        name: interval_of(draws[:, place], 0 if name == "length" else len(set(columns[place].clips)))
        for place, name in enumerate(named)
    }
    shown = [
        Example(", ".join(medium.path for medium in group.prompt.row.media), sample.completion, sample.tree or "")
        for group, sample in rationales[:examples]
    ]
    return Evaluation(
        {name: values.mean() for name, values in zip(named, columns, strict=True)},
        tuple(shown),
        {name: (one.low, one.high) for name, one in intervals.items()},
        {name: len(found[name]) for name in named},
    )


class Scored(NamedTuple):
    """A measure of one completion, and the clip that it is about."""

    score: float
    clip: str


def rationale_scores(sample: RewardSample) -> dict[str, Score | float | None]:
    """Measures of a rationale by level: leaves (A), expressions (E), root (M), and of the tree as a whole."""
    return {**tree_scores(sample), "answer_accuracy": scorers.qa(sample)}


def clip_of(row: Row) -> str:
    """What a row is about: rows of the same media are no independent ones."""
    return " ".join(str((medium.path, medium.start, medium.end)) for medium in row.media) or f"row {row.index}"


def measures_of(tasks: Iterable[str]) -> list[str]:
    """Names of all measures of rows of these tasks, also of those that no row may have gold for."""
    named = set(tasks)
    of_rationales = OF_RATIONALES if "rationale" in named else ()
    return [*of_rationales, *(f"qa/{task}" for task in sorted(named - {"rationale"})), "length", "ended"]


def meanings(measures: Iterable[str]) -> list[str]:
    """A line for each measure, `measure: what it means`; one for all tasks' answers."""
    kinds = dict.fromkeys(measure.partition("/")[0] for measure in measures)
    return [f"{kind}: {MEANINGS[kind]}" for kind in kinds if kind in MEANINGS]


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
