"""Reading short answers: labels, label sets, action units, option letters."""

from __future__ import annotations

import re

from rewards.tree.taxonomy import fold

_OPTION = re.compile(r"^\(?([A-Z])\)?[.:)]?(?:\s|$)")
_INTENSITY = re.compile(r"\s*\(([^()]*)\)\s*$")


def answer_text(completion: str) -> str:
    """The inside of the last `<answer>`, or the whole completion if there is none."""
    start = completion.rfind("<answer>")
    if start < 0:
        return completion.strip()
    inside = completion[start + len("<answer>") :]
    return inside.partition("</answer>")[0].strip()


def answers_several(completion: str) -> bool:
    """Whether a completion has more than one `<answer>`: then none counts, so that none can be a hedge."""
    return completion.count("<answer>") > 1


def option_letter(text: str) -> str | None:
    """The letter of a chosen option: `B` for `B`, `(B)`, `B.` or `B. brown`; None if the text begins otherwise."""
    match = _OPTION.match(text.strip())
    return match[1] if match else None


def label_set(text: str) -> frozenset[str]:
    """The folded labels of a comma-separated list. `None`, which says that there are none, is a label like the others."""
    labels = (fold(part) for part in text.split(","))
    return frozenset(label for label in labels if label)


def label_and_intensity(text: str) -> tuple[str, str | None]:
    """The folded label and intensity of a text such as `angry (strong)`; the intensity is None if none is stated."""
    match = _INTENSITY.search(text)
    if match is None:
        return fold(text), None
    return fold(text[: match.start()]), fold(match[1]) or None
