"""Where in a text its answer stands. Completions and gold texts are read alike."""

from __future__ import annotations

import re

_LEAD = re.compile(
    r"^(?:(?:so |thus |therefore )?the )?(?:final |correct |best )?(?:answer|option)(?: is|:| is:)\s+", re.IGNORECASE
)


def answer_text(text: str) -> str | None:
    """The answer in a text; None if there is none.

    It is the inside of `<answer>`, or the whole text if there are no tags. Several answers are none, so that none can be a
    hedge, and a rationale without `<answer>` has none. "The answer is" in front of it is left out.
    """
    count = text.count("<answer>")
    if count > 1 or (count == 0 and "<tree>" in text):
        return None
    if count == 1:
        text = text.partition("<answer>")[2].partition("</answer>")[0]
    return _LEAD.sub("", text.strip()).strip()


def answer_of_turn(text: str, task: str) -> str | None:
    """The gold answer in an assistant's turn: the inside of `<answer>`, else the last line of a rationale, else all of it.

    Args:
        text: the turn.
        task: the row's task.

    Returns:
        The answer; None where a rationale ends with its tree, or states several answers.
    """
    if "<answer>" in text or task != "rationale":
        return answer_text(text)
    lines = text.rpartition("</tree>")[2].strip().splitlines()
    return answer_text(lines[-1]) if lines and "<tree>" not in lines[-1] else None
