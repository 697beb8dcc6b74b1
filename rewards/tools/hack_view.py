"""Tables of what reward hacks and hedges get under a mix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from rewards.tools.hedges import CERTAINTIES, Hedge, Odds
from rewards.tools.reward_hacks import Case


def hack_table(
    honest: Iterable[tuple[Case, float | None]], hacks: Iterable[tuple[Case, float | None]], paid: Sequence[str]
) -> Table:
    """Cases with their rewards: honest ones first, then reward hacks from the best paid down.

    Args:
        honest: honest cases with their rewards.
        hacks: hacks with their rewards.
        paid: names of the hacks that earn too much.
    """
    table = Table(title="what honest rationales and reward hacks get")
    for column in ("completion", "reward", "must stay below", "what it is"):
        table.add_column(column, justify="right" if column == "reward" else "left")
    for case, value in honest:
        table.add_row(Text(case.name, style="green"), _number(value), "", case.what)
    table.add_section()
    for case, value in sorted(hacks, key=lambda pair: -(pair[1] or 0.0)):
        limit = f"{case.below} - {case.margin:g}" if case.margin else case.below
        style = "bold red" if case.name in paid else ""
        table.add_row(Text(case.name, style=style), Text(_number(value), style=style), limit, case.what)
    return table


def hedge_table(found: Iterable[tuple[Hedge, Sequence[Odds]]]) -> Table:
    """What a hedge gets less than the honest answer, by how certain the policy is of what it says."""
    table = Table(title="what a hedge gets less than the honest answer, by the policy's certainty")
    table.add_column("hedge")
    for certainty in CERTAINTIES:
        table.add_column(f"{certainty:.0%}", justify="right")
    table.add_column("what it is")
    for hedge, odds in found:
        cells = [Text(f"{one.honest - one.hedge:.3f}", style="bold red" if one.pays else "") for one in odds]
        table.add_row(hedge.name, *cells, hedge.what)
    return table


def _number(value: float | None) -> str:
    return "dropped" if value is None else f"{value:.3f}"
