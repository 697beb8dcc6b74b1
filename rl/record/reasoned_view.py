"""What stage-wise reasoning found, as it is printed."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group as Lines
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from rewards.tree.nodes import Node, to_node
from rewards.tree.parser import parse
from rollout.judges import LEVELS
from rollout.reasoning import Reasoned


def reasoned_view(clip: Path, found: Reasoned) -> Panel:
    """The tree that was reasoned, and the votes that led to it."""
    table = Table(box=None, show_header=False)
    begin = ""
    for number, stage in enumerate(found.stages):
        table.add_row(Text(LEVELS[number], style="bold"), "", "")
        for place, (text, vote) in enumerate(zip(stage.candidates, stage.votes, strict=True)):
            kept = place == stage.chosen
            lines = " · ".join(line for line in text[len(begin) :].splitlines() if ":" in line or "<" in line)
            table.add_row("kept" if kept else "", f"{vote:.3f}", Text(lines, style="green" if kept else "dim"))
        begin = stage.candidates[stage.chosen]
    return Panel(Lines(drawn(to_node(parse(found.text).tree)), Text(), table), title=str(clip))


def drawn(node: Node, below: Tree | None = None) -> Tree:
    """A tree with the emotions at its top; what nothing rests on stands beside them."""
    branch = Tree(node.label) if below is None else below.add(node.label)
    for child in node.children:
        drawn(child, branch)
    return branch
