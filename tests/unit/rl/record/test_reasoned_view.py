"""How stage-wise reasoning is printed."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from rl.record.reasoned_view import reasoned_view
from rollout.reasoning import Reasoned, Stage
from rollout.tree_sampling import Written

ATTRIBUTES = "<tree>\nattribute\na1 eyebrow angle: lowered\n"
OTHER = "<tree>\nattribute\na1 eyebrow angle: [raised]\n"
EXPRESSIONS = f"{ATTRIBUTES}expression\ne1 scowl < a1\n"
WHOLE = f"{EXPRESSIONS}emotion\nm1 angry < e1\n</tree>"


def lines_of(found: Reasoned) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80).print(reasoned_view(Path("clips/a.mp4"), found))
    return [" ".join(line.strip("│ \n").split()) for line in file.getvalue().splitlines()]


def test_the_tree_is_shown_and_each_stages_votes_with_what_was_kept() -> None:
    stages = (Stage((OTHER, ATTRIBUTES), (0.25, 0.75), 1), Stage((EXPRESSIONS,), (1.0,), 0), Stage((WHOLE,), (0.5,), 0))
    lines = lines_of(Reasoned(Written(), WHOLE, stages))
    assert "clips/a.mp4" in lines[0]
    levels = [lines.index(level) for level in ("attributes", "expressions", "emotion")]
    votes = [lines[first + 1 : last] for first, last in zip(levels, [*levels[1:], len(lines) - 1], strict=True)]
    assert votes == [
        ["0.250 a1 eyebrow angle: [raised]", "kept 0.750 a1 eyebrow angle: lowered"],
        ["kept 1.000 e1 scowl < a1"],  # what the stage added, not what stood before
        ["kept 0.500 m1 angry < e1"],
    ]
    tree = lines[1 : levels[0] - 1]
    assert [line.lstrip("└─ ") for line in tree][-3:] == ["emotion angry", "expression scowl", "attribute eyebrow angle: lowered"]


def test_a_text_that_ends_early_has_fewer_stages() -> None:
    lines = lines_of(Reasoned(Written(), ATTRIBUTES, (Stage((ATTRIBUTES,), (1.0,), 0),)))
    assert "attributes" in lines
    assert "expressions" not in lines
