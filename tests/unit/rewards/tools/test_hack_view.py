"""What the tables of hacks and hedges show."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from rewards.tools.hack_view import hack_table, hedge_table
from rewards.tools.hedges import Odds, hedges
from rewards.tools.reward_hacks import Case


def rows(what: RenderableType, columns: int) -> list[list[str]]:
    console = Console(width=160, record=True, file=StringIO())
    console.print(what)
    lines = console.export_text().splitlines()
    return [[cell.strip() for cell in line.split("│")[1 : columns + 1]] for line in lines if line.startswith("│")]


def test_hacks_stand_below_the_honest_from_the_best_paid_down() -> None:
    cases = [Case(name, "", f"what {name} is") for name in ("gold", "low", "high", "dropped one")]
    cases[1] = Case("low", "", "what low is", below="gold", margin=0.05)
    assert rows(hack_table([(cases[0], 1.0)], [(cases[1], 0.1), (cases[2], 0.9), (cases[3], None)], ["high"]), 4) == [
        ["gold", "1.000", "", "what gold is"],
        ["high", "0.900", "half right", "what high is"],
        ["low", "0.100", "gold - 0.05", "what low is"],
        ["dropped one", "dropped", "half right", "what dropped one is"],
    ]


def test_hedges_stand_with_what_they_lose_at_each_certainty() -> None:
    one = hedges()[0]
    odds = [Odds(certainty, 0.8, 0.5) for certainty in (0.5, 0.6, 0.7, 0.8, 0.9)]
    assert rows(hedge_table([(one, odds)]), 7) == [[one.name, *["0.300"] * 5, one.what]]
