"""What stage-wise reasoning found about a clip, as `affectree reason` prints it."""

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
    """The final tree, and under it each stage's candidates with their votes; the one that was kept is marked.

    Args:
        clip: the video, named in the title.
        found: its stages and the text of the whole tree.
    """
    table = Table(box=None, show_header=False)
    begin = ""
    for number, stage in enumerate(found.stages):
        table.add_row(Text(LEVELS[number], style="bold"), "", "")
        for place, (text, vote) in enumerate(zip(stage.candidates, stage.votes, strict=True)):
            kept = place == stage.chosen
            nodes = [line for line in text[len(begin) :].splitlines() if (":" in line or "<" in line) and line[0] != "<"]
            table.add_row("kept" if kept else "", f"{vote:.3f}", Text(" · ".join(nodes), style="green" if kept else "dim"))
        begin = stage.candidates[stage.chosen]
    return Panel(Lines(drawn(to_node(parse(found.text).tree)), Text(), table), title=str(clip))


def drawn(node: Node, below: Tree | None = None) -> Tree:
    """A tree for the terminal, the emotions at its top.

    Args:
        node: drawn with everything below it.
        below: where to hang it; the root of a new tree if not given.
    """
    branch = Tree(node.label) if below is None else below.add(node.label)
    for child in node.children:
        drawn(child, branch)
    return branch
