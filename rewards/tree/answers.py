"""Reading short answers: labels, label sets, action units, option letters."""

from __future__ import annotations

import re

from rewards.tree.taxonomy import fold

_OPTION = re.compile(r"^\(?([A-Z])\)?[.:)]?(?:\s|$)")
_INTENSITY = re.compile(r"\s*\(([^()]*)\)\s*$")


def answer_text(completion: str) -> str:
    """The inside of the last `<answer>` if there is one, else the whole text."""
    start = completion.rfind("<answer>")
    if start < 0:
        return completion.strip()
    inside = completion[start + len("<answer>") :]
    return inside.partition("</answer>")[0].strip()


def answers_several(completion: str) -> bool:
    """Whether there is more than one `<answer>`; then none counts, so that none can be a hedge."""
    return completion.count("<answer>") > 1


def option_letter(text: str) -> str | None:
    """`B`, `(B)`, `B.` or `B. brown` -> `B`."""
    match = _OPTION.match(text.strip())
    return match[1] if match else None


def label_set(text: str) -> frozenset[str]:
    """Comma-separated labels, folded; `None` is the empty set."""
    labels = (fold(part) for part in text.split(","))
    return frozenset(label for label in labels if label and label != "none")


def label_and_intensity(text: str) -> tuple[str, str | None]:
    """`angry (strong)` -> (`angry`, `strong`)."""
    match = _INTENSITY.search(text)
    if match is None:
        return fold(text), None
    return fold(text[: match.start()]), fold(match[1]) or None
