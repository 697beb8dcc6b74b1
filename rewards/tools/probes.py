"""The samples with which a scorer is checked: what a policy will sooner or later write, on rows of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rewards.sample import RewardSample
from rewards.tools.reward_hacks import ANSWER, GOLD, honest_cases
from rewards.tree.writer import write

_OWN = RewardSample("", prompt="Describe the person as an affective tree.", answer=ANSWER, tree=write(GOLD), group="g")
_UNITS = replace(_OWN, task="action_units", prompt="Which action units does the person show?", answer="AU4, AU12", tree=None)
_LESS_GOLD = (("no tree", {"tree": None}), ("no answer", {"answer": None}), ("no gold", {"tree": None, "answer": None}))


@dataclass(frozen=True)
class Probe:
    """A sample to check a scorer with."""

    sample: RewardSample
    row: str = ""
    """The row that it belongs to, in words; empty for the first."""
    lacks_gold: bool = False
    """Whether its row lacks a gold that the scorer may need: it need not score such rows, but must not pay for nothing there."""


def probes(task: str = "rationale", rows: Sequence[RewardSample] = ()) -> dict[str, Probe]:
    """Probes by name.

    Args:
        task: the task of every sample that is not of `rows`.
        rows: rows of a data set, whatever their completion. Without any, all probes are of one row with a tree, an answer and
            no columns, some without the one or the other; of `action_units`, the row has an answer of such and no tree.
    """
    first = rows[0] if rows else _UNITS if task == _UNITS.task else replace(_OWN, task=task)
    found = {name: Probe(_written(first, text, name)) for name, text in _texts(first, bool(rows)).items()}
    others = [(f"row {number}", row, False) for number, row in enumerate(rows[1:], start=2)]
    others += [] if rows else [(name, replace(first, **lacking), True) for name, lacking in _LESS_GOLD]  # type: ignore[arg-type]
    for name, row, lacks in others:
        alone = replace(row, group=name)
        for kind, text in (("gold", gold_text(row if rows else first)), ("empty", "")):
            found[f"{kind} ({name})"] = Probe(_written(alone, text, kind), name, lacks)
    return found


def gold_text(row: RewardSample) -> str:
    """What is right on a row: its completion, where it brings one; else its tree and answer as a rationale, or its answer."""
    if row.completion:
        return row.completion
    tree = row.tree.partition("<answer>")[0].rstrip() + "\n" if row.tree is not None and not row.gold.tree.is_empty() else ""
    return tree + (f"<answer>{row.answer or ''}</answer>" if row.answer is not None or not tree else "")


def _texts(row: RewardSample, given: bool) -> dict[str, str]:
    gold = gold_text(row)
    return {
        "gold": gold,
        **({} if given else {"half right": honest_cases()[1].completion}),
        "empty": "",
        "blank": " \n\t ",
        "unicode": "感情 😀 ‮مرحبا‬ Ǆ̈ \u0000 \ud7ff",
        "truncated": gold[: len(gold) * 2 // 3],
        "malformed tree": "<tree>\nattribute\n: \na1\ne1 < <\nm1 (x) < e9\n</answer></tree><answer>",
        "100 kB": "word " * 20_000,
        "tag flood": "<tree></tree><answer>" * 5_000,
        "number": "42",
    }


def _written(row: RewardSample, text: str, name: str) -> RewardSample:
    return replace(
        row,
        completion=text,
        completion_tokens=len(text) // 4,
        completion_ids=tuple(range(min(len(text) // 4, 1000))),
        finish_reason="length" if name == "truncated" else "stop",
    )
