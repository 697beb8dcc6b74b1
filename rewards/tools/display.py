"""What `affectree reward` prints: findings, tables, histograms, and trees coloured by what is right in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rewards.sample import Reward, RewardSample
from rewards.tools.probing import Finding
from rewards.tools.rescoring import Rescored, Summary
from rewards.tree.edit_script import Edit, edit_script
from rewards.tree.nodes import Node, to_node

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_MARKS = {"matched": ("= ", "green"), "missing": ("- ", "red"), "spurious": ("+ ", "magenta"), "changed": ("~ ", "yellow")}
_BAR = 40


def finding_line(finding: Finding) -> Text:
    """A check's verdict, name and detail in one line; of a detail of several lines, each below the first."""
    line = Text(f"{finding.verdict:8s}", style=_STYLES[finding.verdict])
    detail = finding.detail.replace("\n", f"\n{'':33s}")
    return line.append(f"{finding.check:24s} {detail}".rstrip(), style="default")


def said_text(name: str, said: str) -> Text:
    """What a scorer has printed and logged."""
    return Text(f"{name} said:", style="bold").append("".join(f"\n  {line}" for line in said.splitlines()), style="default")


def summary_table(name: str, summary: Summary) -> Table:
    """The figures of samples that were scored again by `name`."""
    table = Table(title=Text(f"{name} on {summary.samples} samples", no_wrap=True))
    table.add_column("measure")
    table.add_column("value", justify="right")
    rows: list[tuple[str, str]] = [
        ("reward, mean ± std", f"{summary.mean:.4f} ± {summary.std:.4f}" if summary.scored else "-"),
        ("scored", f"{summary.scored} of {summary.samples}"),
        *([("abstained", f"{summary.abstained} of {summary.samples}")] if summary.abstained else []),
        *((f"part {part}", f"{mean:.4f}") for part, mean in summary.parts.items()),
        *((f"failures of {scorer}", str(count)) for scorer, count in summary.errors.most_common()),
        *((f"failures of {scorer}, which observes", str(count)) for scorer, count in summary.observer_errors.most_common()),
        ("time a sample", f"{summary.milliseconds:.2f} ms"),
    ]
    if summary.difference is not None:
        rows += [
            ("new minus recorded reward, mean", f"{summary.difference:+.4f}"),
            ("largest difference", f"{summary.largest_difference:.4f}"),
            ("correlation with recorded", "-" if summary.correlation is None else f"{summary.correlation:.3f}"),
        ]
    for row in rows:
        table.add_row(*row)
    return table


def histogram(found: Sequence[Rescored], bins: int = 10) -> Text:
    """The number of samples in each of `bins` ranges of the reward, as bars."""
    values = [item.reward.value for item in found if item.reward.value is not None]
    text = Text("rewards\n", style="bold")
    if not values:
        return text.append("  no sample was scored", style="default")
    counts, edges = np.histogram(values, bins=bins if min(values) < max(values) else 1)
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        bar = "█" * round(_BAR * count / counts.max())
        text.append(f"  {low:8.3f} to {high:8.3f} {count:6d} ", style="default").append(f"{bar}\n", style="cyan")
    return text


def sample_panel(title: str, item: Rescored) -> Panel:
    """A frame around `sample_view`, titled with where the sample comes from."""
    return Panel(sample_view(item.recorded.sample, item.reward), title=f"{title}: {item.recorded.where}", title_align="left")


def sample_view(sample: RewardSample, reward: Reward) -> Group:
    """A sample's reward, parts, faults and tree."""
    none = "no reward: no scorer applies" if reward.abstained else "no reward"
    value = none if reward.value is None else f"reward {reward.value:.4f}"
    parts = "  ".join(f"{name} {part:.3f}" for name, part in reward.parts.items())
    lines: list[RenderableType] = [Text(value, style="bold"), Text(parts)]
    lines += [Text(f"{name}: {message}", style="red") for name, message in reward.errors.items()]
    lines += [Text(f"{name} (observes): {message}", style="yellow") for name, message in reward.observer_errors.items()]
    lines.append(tree_view(sample))
    return Group(*lines)


def tree_view(sample: RewardSample) -> Text:
    """The completion's tree against the gold tree: = matched, ~ changed, - missing, + spurious.

    Without a gold tree, the completion's text.
    """
    parsed = sample.parsed
    if sample.tree is None or sample.gold.tree.is_empty():
        return Text(sample.completion[:2000])
    if parsed.tree.is_empty():
        return Text("no tree in: ", style="red").append(repr(sample.completion[:500]), style="default")
    gold = to_node(sample.gold.tree)
    edits = edit_script(to_node(parsed.tree), gold)
    by_gold = {edit.gold_index: edit for edit in edits if edit.gold_index is not None}
    text = Text()
    for index, depth in _preorder(gold, 0, 0):
        _append(text, by_gold[index], depth)
    for edit in reversed([edit for edit in edits if edit.kind == "spurious"]):
        _append(text, edit, 0)
    defects = Counter(f"{defect.kind} (line {defect.line})" for defect in parsed.defects[:200])
    if defects:
        text.append(f"defects: {', '.join(list(defects)[:8])}", style="yellow")
    return text


def _append(text: Text, edit: Edit, depth: int) -> None:
    mark, style = _MARKS[edit.kind]
    words = f"{edit.found}  (gold: {edit.gold})" if edit.kind == "changed" else edit.found or edit.gold
    text.append(f"{mark}{'  ' * depth}{words}\n", style=style)


def _preorder(node: Node, first: int, depth: int) -> list[tuple[int, int]]:
    """(postorder index, depth) of a subtree's nodes in preorder; `first` is the index of its leftmost leaf."""
    below, begin = [], first
    for child in node.children:
        below += _preorder(child, begin, depth + 1)
        begin += child.size()
    return [(begin, depth), *below]


def _number(value: float | None) -> str:
    return "dropped" if value is None else f"{value:.3f}"
