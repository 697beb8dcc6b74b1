"""Is the right answer one that the question allows: one of its options, or one of its task's labels?"""

from __future__ import annotations

from fnmatch import fnmatch
from functools import lru_cache

from rewards.sample import RewardSample
from rewards.tree.taxonomy import fold, known_emotions, plain, taxonomy
from rl.data_check.finding import Finding

_SETS = {
    "emotion_single": "emotions",
    "emotion_multi": "emotions",
    "emotion_fine": "emotions",
    "sentiment_*": "sentiments",
    "action_units": "action units",
    "head_pose": "head poses",
}
"""Task, or a pattern of tasks -> the label set in which its answers lie (`rewards/tree/taxonomy.yaml`)."""
_NONE = "none"
"""The answer of a set without labels."""
_SHOWN = 3


def label_finding(sample: RewardSample) -> Finding | None:
    """A gold answer with a label that its question or its task does not have; None where all is well, or nothing is known.

    Args:
        sample: what scorers see of the row.
    """
    gold = sample.gold_answer
    if gold is None:
        return None
    labels = gold.answer.labels
    choices = [text for text in gold.options.texts.values() if text]
    if choices:
        outside = sorted(label for label in labels if not label.startswith("option ") and label != fold(_NONE))
        if outside:
            fix = "correct the answer or the options"
            return _finding(outside, f"none of the question's options ({', '.join(choices[:8])})", fix)
        return None
    name = next((name for pattern, name in _SETS.items() if fnmatch(sample.task, pattern)), None)
    if name is None or any(label.startswith("option ") for label in labels):
        return None
    outside = sorted(label for label in labels if _bare(label, name) not in _set(name))
    if not outside:
        return None
    return _finding(outside, f"none of the {name} that are known", "correct it, or give the row its `options`")


def stated_labels(sample: RewardSample) -> tuple[str, ...]:
    """The labels of the gold answer, in words: an option's text in place of its letter; none for an open answer."""
    gold = sample.gold_answer
    if gold is None:
        return ()
    if plain(sample.answer or "") == _NONE:
        return (_NONE,)
    texts = {f"option {letter.lower()}": text for letter, text in gold.options.texts.items() if text}
    return tuple(sorted(texts.get(label, label) for label in gold.answer.labels))


def _finding(outside: list[str], what: str, fix: str) -> Finding:
    shown = ", ".join(map(repr, outside[:_SHOWN])) + (", …" if len(outside) > _SHOWN else "")
    verb = "is" if len(outside) == 1 else "are"
    return Finding("warning", "answer", f"{shown} {verb} {what}", fix)


def _bare(label: str, name: str) -> str:
    """A label without an intensity in front of it, as in `weak anger` or `strong negative`."""
    first, blank, rest = label.partition(" ")
    intense = name in ("emotions", "sentiments") and blank and fold(first) in map(fold, taxonomy()["intensities"])
    return fold(rest) if intense else label


@lru_cache
def _set(name: str) -> frozenset[str]:
    words = taxonomy()
    match name:
        case "emotions":
            wheel = (fold(word) for words_of in words["wheel"].values() for word in words_of)
            return known_emotions() | frozenset(wheel)
        case "sentiments":
            return frozenset(map(fold, words["sentiments"]))
        case "action units":
            return frozenset(map(fold, [*words["action_units"], _NONE]))
        case _:
            return frozenset(map(fold, words["head_poses"]))
