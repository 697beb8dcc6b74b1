"""Gold trees of which a part would be lost are told with what to do."""

import pytest

from rewards.tree.gold import gold_problem
from tests.unit.rewards.rationales import GOOD


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("<answer>Angry</answer>", ""),
        GOOD.replace(" < e1", ""),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("attribute\n", "**Attributes:**\n\n").replace("a1 hair color: brown", "- A1. hair color：brown."),
    ],
)
def test_what_loses_nothing_is_fine(text: str) -> None:
    assert gold_problem(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A woman smiles.", "it has no <tree>"),
        (GOOD.replace("</tree>", ""), "its <tree> is never closed"),
        (GOOD + GOOD, "it has more than one <tree>"),
        (GOOD.replace("a1 hair color: brown", "brown hair"), "line 3 is neither a level nor a node of it: 'brown hair'"),
        (GOOD.replace("a2 eyebrow", "a1 eyebrow"), "line 4 uses the id a1 a second time"),
        ("<tree>\n</tree>", "it is empty"),
    ],
)
def test_what_is_lost_is_told(text: str, reason: str) -> None:
    assert gold_problem(text) == f"the gold tree cannot be read: {reason}; write it as docs/affective-tree.md has it"
