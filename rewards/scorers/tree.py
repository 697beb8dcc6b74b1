"""Scorers of the rationale's tree, each in [0, 1].

`structure` looks at its form alone. The others compare it with the gold tree and do not apply without one: `leaf` its
attributes, `expression` its expressions, `root` its emotions, and `tree_edit` the whole tree.
"""

from __future__ import annotations

import math
from collections import Counter

from rewards.sample import RewardSample, Score
from rewards.scorers.f1 import f1_score
from rewards.tree.edit_distance import UNIT, Costs, edit_distance
from rewards.tree.nodes import AffectiveTree, to_node
from rewards.tree.taxonomy import fold
from rewards.tree.unordered import unordered_distance

STRUCTURE_RULES: dict[str, tuple[str, ...]] = {
    "one closed tree": ("unclosed_tree", "second_tree"),
    "levels in order": ("level_order", "missing_level"),
    "no empty level": ("empty_level",),
    "every line is a node": ("unknown_line",),
    "unique ids": ("duplicate_id",),
    "references exist": ("unknown_reference",),
    "evidence is named": ("no_evidence",),
    "expressions are used": ("orphan_expression",),
    "one answer": ("no_answer", "unclosed_answer", "several_answers"),
}
"""Rule -> kinds of defects (`rewards.tree.parser.Defect`) that break it."""


def structure(sample: RewardSample) -> float:
    """Share of the well-formedness rules that the rationale keeps; 0 if no tree could be read."""
    parsed = sample.parsed
    if parsed.tree.is_empty():
        return 0.0
    return sum(not parsed.has(*kinds) for kinds in STRUCTURE_RULES.values()) / len(STRUCTURE_RULES)


def leaf(sample: RewardSample) -> Score | None:
    """Micro-F1 over the tree's aspect-value pairs, person by person, synonyms folded; None without a gold tree."""
    if not _has_gold(sample):
        return None
    found, true = _leaves(sample.stated), _leaves(sample.gold.tree)
    measured = f1_score((found & true).total(), found.total(), true.total())
    return Score(measured.f1, {"precision": measured.precision, "recall": measured.recall})


def root(sample: RewardSample, wrong_intensity: float = 1.0, evidence: bool = True) -> float | None:
    """Whether the tree's emotion is the gold tree's: accuracy for one label, set-F1 for several; None without a gold tree.

    Args:
        sample: what to score.
        wrong_intensity: credit for the right emotion at the wrong intensity; 1 ignores intensity.
        evidence: whether an emotion counts only if it rests on an expression that rests on an attribute. The edges of the
            tree are its rationale (Eq. 1), and without this a guessed label is paid like a reasoned one.
    """
    if not _has_gold(sample):
        return None
    found, true = _roots(sample.stated), _roots(sample.gold.tree)
    credit = 0.0
    for label, (intensity, grounded) in found.items():
        if label in true and (grounded or not evidence):
            credit += 1.0 if intensity == true[label][0] else wrong_intensity
    return f1_score(credit, len(found), len(true)).f1


def expression(sample: RewardSample) -> float | None:
    """Micro-F1 over the names of the tree's expressions; None without a gold tree."""
    if not _has_gold(sample):
        return None
    found = Counter(fold(node.name) for node in sample.stated.expressions())
    true = Counter(fold(node.name) for node in sample.gold.tree.expressions())
    return f1_score((found & true).total(), found.total(), true.total()).f1


def tree_edit(
    sample: RewardSample,
    scale: float = 2.0,
    normalise: str = "size",
    siblings: str = "sorted",
    insert: float = 1.0,
    delete: float = 1.0,
    change: float = 1.0,
) -> Score | None:
    """exp(-scale * d), where d is the tree edit distance to the gold tree (VidEmo, Eq. 2); None without a gold tree.

    Args:
        sample: what to score.
        scale: the paper's lambda, which it does not disclose.
        normalise: `none` takes d as it is (the paper's formula); `size` divides it by the node count of the larger tree;
            `teds` ignores `scale` and gives 1 - d / size.
        siblings: `sorted` compares siblings in the order of their labels; `unordered` in any order
            (`rewards.tree.unordered`), which is slower and matters where a changed label sorts elsewhere.
        insert: cost of a missing node.
        delete: cost of a spurious node.
        change: cost of a node with another label.
    """
    if siblings not in ("sorted", "unordered"):
        raise ValueError(f"tree_edit: siblings must be sorted or unordered, found {siblings!r}")
    if not _has_gold(sample):
        return None
    tree = sample.stated
    found, true = to_node(tree), to_node(sample.gold.tree)
    costs = UNIT if insert == delete == change == 1.0 else Costs(insert, delete, change)
    distance = edit_distance(found, true, costs) if siblings == "sorted" else unordered_distance(found, true, costs)
    share = distance / max(found.size(), true.size())
    if tree.is_empty():
        return Score(0.0, {"distance": float(distance)})
    match normalise:
        case "none":
            value = math.exp(-scale * distance)
        case "size":
            value = math.exp(-scale * share)
        case "teds":
            value = max(0.0, 1.0 - share)  # costs above 1 can make the distance larger than both trees
        case _:
            raise ValueError(f"tree_edit: normalise must be none, size or teds, found {normalise!r}")
    return Score(value, {"distance": float(distance)})


def _has_gold(sample: RewardSample) -> bool:
    return sample.tree is not None and not sample.gold.tree.is_empty()


def _leaves(tree: AffectiveTree) -> Counter[tuple[int, str, str]]:
    """How often each (person, aspect, value) is stated."""
    return Counter(
        (number, fold(node.aspect), fold(node.value)) for number, person in enumerate(tree.persons) for node in person.attributes
    )


def _roots(tree: AffectiveTree) -> dict[tuple[int, str], tuple[str | None, bool]]:
    """(person, emotion) -> (intensity, whether it rests on an expression that rests on an attribute)."""
    found = {}
    for number, person in enumerate(tree.persons):
        leaves = {node.id for node in person.attributes}
        grounded = {node.id for node in person.expressions if leaves.intersection(node.rests_on)}
        for node in person.emotions:
            intensity = fold(node.intensity) if node.intensity else None
            found[number, fold(node.label)] = (intensity, bool(grounded.intersection(node.rests_on)))
    return found
