"""The scorers that ship. Each is a plain function of a `RewardSample`, usable alone, in [0, 1].

Those of trees and answers are here; those of label sets and captions are in files of their own.

None means "does not apply": the mix then leaves the scorer out for that sample.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

from rewards.answers import answer_text, answers_several, label_and_intensity, label_set, option_letter
from rewards.caption_scorers import caption, caption_tree
from rewards.edit_distance import UNIT, Costs, edit_distance
from rewards.label_scorers import au, emotion_wheel
from rewards.sample import RewardSample, Score
from rewards.taxonomy import fold
from rewards.tree import AffectiveTree, to_node
from rewards.unordered import unordered_distance

MULTI_LABEL_TASKS = frozenset({"action_units", "emotion_multi", "appearance", "actions"})

# Each rule is kept if none of its defects occurs.
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


def structure(sample: RewardSample) -> float:
    """Share of the well-formedness rules that the rationale keeps; 0 if no tree could be read."""
    parsed = sample.parsed
    if parsed.tree.is_empty():
        return 0.0
    return sum(not parsed.has(*kinds) for kinds in STRUCTURE_RULES.values()) / len(STRUCTURE_RULES)


def leaf(sample: RewardSample) -> Score | None:
    """Micro-F1 over the tree's aspect-value pairs, synonyms folded; None without a gold tree."""
    if not _has_gold(sample):
        return None
    found, true = _leaves(sample.stated), _leaves(sample.gold.tree)
    precision, recall, f1 = _f1((found & true).total(), found.total(), true.total())
    return Score(f1, {"precision": precision, "recall": recall})


def root(sample: RewardSample, wrong_intensity: float = 1.0, evidence: bool = True) -> float | None:
    """Whether the tree's emotion is the gold tree's: accuracy for one label, set-F1 for several.

    Args:
        sample: what to score.
        wrong_intensity: credit for the right emotion at the wrong intensity; 1 ignores intensity.
        evidence: an emotion counts only if it rests on an expression that rests on an attribute, since the edges of
            the tree are its rationale (Eq. 1); otherwise a guessed label is paid like a reasoned one.
    """
    if not _has_gold(sample):
        return None
    found, true = _roots(sample.stated), _roots(sample.gold.tree)
    credit = 0.0
    for label, (intensity, grounded) in found.items():
        if label in true and (grounded or not evidence):
            credit += 1.0 if intensity == true[label][0] else wrong_intensity
    return _f1(credit, len(found), len(true))[2]


def expression(sample: RewardSample) -> float | None:
    """Micro-F1 over the names of the tree's expressions; None without a gold tree."""
    if not _has_gold(sample):
        return None
    found = Counter(fold(node.name) for node in sample.stated.expressions())
    true = Counter(fold(node.name) for node in sample.gold.tree.expressions())
    return _f1((found & true).total(), found.total(), true.total())[2]


def tree_edit(
    sample: RewardSample,
    scale: float = 2.0,
    normalise: str = "size",
    siblings: str = "sorted",
    insert: float = 1.0,
    delete: float = 1.0,
    change: float = 1.0,
) -> Score | None:
    """exp(-scale * d): d is the tree edit distance to the gold tree (VidEmo, Eq. 2).

    Args:
        sample: what to score.
        scale: the paper's lambda, which it does not disclose.
        normalise: `none` takes d as it is (the paper's formula); `size` divides it by the larger tree's
            node count; `teds` ignores `scale` and returns 1 - d / size.
        siblings: `sorted` compares in the order of labels; `unordered` in any order (`rewards.unordered`), which
            matters where a changed label sorts elsewhere, and is slower.
        insert: cost of a missing node.
        delete: cost of a spurious node.
        change: cost of another label.
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


def qa(sample: RewardSample) -> float | None:
    """The paper's rule-based reward: set-F1 for multi-label tasks, otherwise accuracy of the answer.

    The answer is the inside of `<answer>` if there is one, else the whole completion. Options may be
    answered by letter or by name. Several `<answer>` are no answer.
    """
    if sample.answer is None:
        return None
    if answers_several(sample.completion):
        return 0.0
    said, gold = answer_text(sample.completion), sample.answer
    if sample.task in MULTI_LABEL_TASKS:
        found, true = label_set(said), label_set(gold)
        if not found and not true:
            return 1.0 if fold(said) == "none" else 0.0
        return _f1(len(found & true), len(found), len(true))[2]
    if option_letter(gold) == gold.strip() and sample.options:
        chosen = _letter_of(said, sample.options) or option_letter(said)
        return float(chosen == gold.strip())
    return float(label_and_intensity(said) == label_and_intensity(gold))


def format(sample: RewardSample) -> float:
    """1 if the completion ended by itself and looks as its task asks: one tree and one answer, or one line."""
    if sample.finish_reason != "stop":
        return 0.0
    if sample.task == "rationale":
        parsed = sample.parsed
        bad = ("no_tree", "unclosed_tree", "second_tree", "no_answer", "unclosed_answer", "several_answers")
        return float(not parsed.has(*bad))
    text = sample.completion.strip()
    return float(bool(text) and "\n" not in text)


def length(sample: RewardSample, longest: int = 512) -> float:
    """1 up to half of `longest` tokens, falling in a line to 0 at `longest`."""
    return min(1.0, max(0.0, 2.0 - 2.0 * sample.completion_tokens / longest))


def overlong(sample: RewardSample, longest: int = 512, buffer: int = 128) -> float:
    """0 up to `longest - buffer` tokens, then falling in a line to -1 at `longest` (DAPO, arXiv 2503.14476, Eq. 13)."""
    return -min(1.0, max(0.0, (sample.completion_tokens - (longest - buffer)) / buffer))


def _has_gold(sample: RewardSample) -> bool:
    return sample.tree is not None and not sample.gold.tree.is_empty()


def _leaves(tree: AffectiveTree) -> Counter[tuple[int, str, str]]:
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


def _f1(hits: float, found: int, true: int) -> tuple[float, float, float]:
    precision = hits / found if found else 0.0
    recall = hits / true if true else 0.0
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else 0.0


def _letter_of(said: str, options: Collection[str]) -> str | None:
    folded = [fold(option) for option in options]
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[folded.index(fold(said))] if fold(said) in folded else None


__all__ = [
    "au",
    "caption",
    "caption_tree",
    "emotion_wheel",
    "expression",
    "format",
    "leaf",
    "length",
    "overlong",
    "qa",
    "root",
    "structure",
    "tree_edit",
]
