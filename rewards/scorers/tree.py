"""Scorers of the rationale's tree, each in [0, 1].

`structure` looks at its form alone. The others compare it with the gold tree, as far as that covers it, and do not apply
without one: `leaf` its attributes, `expression` its expressions, `edges` what these rest on, `root` its emotions, and
`tree_edit` the whole tree.
"""

from __future__ import annotations

import math
from typing import Literal

from rewards.sample import RewardSample, Score
from rewards.scorers.f1 import f1_score
from rewards.tree.edit_distance import UNIT, Costs, edit_distance
from rewards.tree.nodes import to_node
from rewards.tree.unordered import unordered_distance
from rewards.tree.verdicts import Tally

STRUCTURE_RULES: dict[str, tuple[str, ...]] = {
    "one closed tree": ("unclosed_tree", "second_tree"),
    "levels in order": ("level_order", "missing_level"),
    "no empty level": ("empty_level",),
    "every line is a node, as the grammar spells it": ("unknown_line", "spelling"),
    "unique ids": ("duplicate_id",),
    "references exist": ("unknown_reference",),
    "evidence is named": ("no_evidence",),
    "expressions are used": ("orphan_expression",),
    "one answer": ("no_answer", "unclosed_answer", "several_answers"),
}
"""Rule -> kinds of defects (`rewards.tree.parser.Defect`) that break it."""


def structure(sample: RewardSample) -> float:
    """Share of the well-formedness rules that the rationale keeps, times n / (n + m) for n nodes and m lines within the tree that
    are neither nodes nor levels; 0 if no tree could be read."""
    parsed = sample.parsed
    if parsed.tree.is_empty():
        return 0.0
    kept = sum(not parsed.has(*kinds) for kinds in STRUCTURE_RULES.values()) / len(STRUCTURE_RULES)
    strange = sum(defect.kind == "unknown_line" for defect in parsed.defects)
    return kept * len(parsed.lines) / (len(parsed.lines) + strange)


def leaf(sample: RewardSample) -> Score | None:
    """F1 over the tree's aspect-value pairs, person by person, synonyms folded; None where no attribute is known.

    An aspect that is stated more often than the gold tree has it counts for nothing.
    """
    judged = sample.judged
    return _score(judged.attributes) if judged else None


def expression(sample: RewardSample) -> Score | None:
    """F1 over the names of the tree's expressions, person by person, times true / stated where more are stated than are true;
    None where no expression is known.

    F1 alone would pay for naming two expressions where one is true: at even odds .67 against .5 for an honest guess.
    """
    judged = sample.judged
    return _score(judged.expressions, hedging=True) if judged else None


def edges(sample: RewardSample) -> Score | None:
    """F1 over the edges from attributes to expressions, as (aspect, name of the expression), with `expression`'s factor; None
    where none is known."""
    judged = sample.judged
    return _score(judged.edges, hedging=True) if judged and judged.edges.true else None


def root(
    sample: RewardSample, wrong_intensity: float = 1.0, evidence: Literal["right", "linked", "none"] = "right"
) -> float | None:
    """Whether the tree's emotion is the gold tree's: accuracy for one, F1 for several with `expression`'s factor; None where no
    emotion is known.

    Where there is one emotion to state, a second makes both wrong. So does an `<answer>` that no root agrees with.

    Args:
        sample: what to score.
        wrong_intensity: credit for the right emotion at the wrong intensity, or at none, where the gold tree states one.
        evidence: what an emotion has to rest on, since the tree's edges are its rationale (Eq. 1) and a guessed label would
            else be paid like a reasoned one. `right`: it is paid by the share of the attributes that it rests on which are right,
            times that of the expressions. `linked`: it must rest on an expression that rests on an
            attribute, right or wrong. `none`: on nothing.
    """
    if evidence not in ("right", "linked", "none"):
        raise ValueError(f"root: evidence must be right, linked or none, found {evidence!r}")
    judged = sample.judged
    if judged is None or not (judged.gold.roots or judged.roots):
        return None
    credit = 0.0
    for one in judged.roots:
        worth = {"right": one.evidence * one.linked, "linked": float(one.linked), "none": 1.0}[evidence]
        credit += one.right * worth * (1.0 if one.same_intensity else wrong_intensity)
    found, true = len(judged.roots), judged.gold.roots
    return f1_score(credit, found, true).f1 * _not_hedged(found, true)


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
    judged = sample.judged
    if judged is None:
        return None
    found, true = to_node(judged.stated), judged.gold.node
    costs = UNIT if insert == delete == change == 1.0 else Costs(insert, delete, change)
    distance = edit_distance(found, true, costs) if siblings == "sorted" else unordered_distance(found, true, costs)
    share = distance / max(found.size(), judged.gold.size)
    if judged.stated.is_empty():
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


def _score(tally: Tally, hedging: bool = False) -> Score | None:
    """Precision, recall and F1; None if there is nothing to compare."""
    if not tally.true and not tally.found:
        return None
    measured = f1_score(tally.hits, tally.found, tally.true)
    factor = _not_hedged(tally.found, tally.true) if hedging else 1.0
    return Score(measured.f1 * factor, {"precision": measured.precision, "recall": measured.recall})


def _not_hedged(found: int, true: int) -> float:
    """What is left of F1 where more is stated than is true."""
    return min(1.0, true / found) if found else 1.0
