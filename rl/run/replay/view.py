"""The table of a replayed step."""

from __future__ import annotations

from math import isfinite

from rich.table import Table

from rl.run.replay.figures import ReplayedStep


def step_table(step: ReplayedStep) -> Table:
    """Each figure of a step as the run recorded it, as the replay has it, and what lies between; none that is 0 in both."""
    table = Table(title=f"step {step.recorded.step}")
    table.add_column("metric")
    for name in ("recorded", "replayed", "difference"):
        table.add_column(name, justify="right")
    for figure in step.figures:
        if figure.recorded == figure.replayed == 0:
            continue
        difference = figure.difference
        between = "-" if difference is None else "0" if difference == 0 else f"{difference:+.1e}"
        table.add_row(figure.name, _shown(figure.recorded), _shown(figure.replayed), between)
    return table


def largest_difference(step: ReplayedStep) -> str:
    """In one line, where a step differs most from what was recorded, and how many of its samples do."""
    compared = {one.name: abs(one.difference) for one in step.figures if one.difference is not None}
    name, most = max(compared.items(), key=lambda item: (not isfinite(item[1]), item[1]), default=("", 0.0))
    pairs = zip(step.recorded.groups, step.groups, strict=True)
    rewards = [(a.value, b.value) for was, now in pairs for a, b in zip(was.rewards, now.rewards, strict=True)]
    others = sum(was != now for was, now in rewards)
    where = f"largest difference {most:.1e} ({name})" if most else "no difference"
    if not any(name.startswith("learner/") for name in compared):
        where += " in rewards and advantages; there is no update to compare"
    return f"step {step.recorded.step}: {where}; {others} of {len(rewards)} samples have another reward"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
