"""report.html: one page about a run, made from its directory. It needs no server and no network to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from rewards.files import read_text
from rl.record.console import cell
from rl.record.files import write_atomically
from rl.record.runs.directory import RunDirectory

_CURVES = ("reward/mean", "reward/parts/root", "reward/parts/leaf", "learner/kl", "rollout/length", "seconds/step")
_UNSCORED = {
    "reward/errors/": "failures of {}",
    "reward/observer_errors/": "failures of {}, which observes",
    "reward/abstained": "samples that no scorer applies to",
}
"""Beginning of a metric's name -> what the page calls it; the rest of the name is a scorer's."""
_WIDTH, _HEIGHT = 320, 120


def write_report(run: RunDirectory) -> Path:
    """Write the page into the run's directory and return its path.

    Raises:
        RunError: if summary.json or metrics.jsonl cannot be read.
    """
    summary = run.summary()
    steps = [record for record in run.metrics.read() if record.get("phase") == "grpo"]
    curves = []
    for name in _CURVES:
        points = [(r["step"], r["metrics"][name]) for r in steps if name in r["metrics"]]
        if points:
            curves.append({"name": name, "path": _path(points), "first": points[0][1], "last": points[-1][1]})
    page = Environment(loader=PackageLoader("rl.record", "."), autoescape=select_autoescape()).get_template("report.html")
    text = page.render(
        name=run.path.name,
        summary=summary,
        measures=dict.fromkeys([*summary["measures"], *chain(*summary["stages"].values())]),
        cell=cell,
        unscored=unscored([step["metrics"] for step in steps]),
        curves=curves,
        width=_WIDTH,
        height=_HEIGHT,
        config=read_text(run.config_file),
        given=run.given(),
    )
    write_atomically(run.report_file, text)
    return run.report_file


def unscored(steps: Sequence[Mapping[str, float]]) -> dict[str, int]:
    """What kept samples from being scored -> how often in all steps.

    Args:
        steps: the metrics of each step.
    """
    found: dict[str, int] = {}
    for metrics in steps:
        for name, count in metrics.items():
            for begin, words in _UNSCORED.items():
                if count and name.startswith(begin):
                    said = words.format(name.removeprefix(begin))
                    found[said] = found.get(said, 0) + int(count)
    return found


def _path(points: list[tuple[int, float]]) -> str:
    """The points as an SVG polyline, scaled to the curve's box."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    wide, high = max(max(xs) - min(xs), 1), max(max(ys) - min(ys), 1e-12)
    places = ((_WIDTH * (x - min(xs)) / wide, _HEIGHT - _HEIGHT * (y - min(ys)) / high) for x, y in points)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
