"""report.html: one page about a run, made from its directory. It needs no server and no network to look at."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from rewards.files import read_text
from rl.record.directory import RunDirectory

_CURVES = ("reward/mean", "reward/parts/root", "reward/parts/leaf", "learner/kl", "rollout/length", "seconds/step")
_WIDTH, _HEIGHT = 320, 120


def write_report(run: RunDirectory) -> Path:
    """Write the page into the run's directory and return its path.

    Raises:
        RunError: if summary.json or metrics.jsonl cannot be read.
    """
    summary = run.summary()
    steps = [record for record in run.metrics() if record.get("phase") == "grpo"]
    curves = []
    for name in _CURVES:
        points = [(r["step"], r["metrics"][name]) for r in steps if name in r["metrics"]]
        if points:
            curves.append({"name": name, "path": _path(points), "first": points[0][1], "last": points[-1][1]})
    page = Environment(loader=PackageLoader("rl.record", "."), autoescape=select_autoescape()).get_template("report.html")
    measures = dict.fromkeys(key for stage in summary["stages"].values() for key in stage)
    text = page.render(
        name=run.path.name,
        summary=summary,
        measures=list(measures),
        curves=curves,
        width=_WIDTH,
        height=_HEIGHT,
        config=read_text(run.config_file),
    )
    run.report_file.write_text(text, encoding="utf-8")
    return run.report_file


def _path(points: list[tuple[int, float]]) -> str:
    """The points as an SVG polyline, scaled to the curve's box."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    wide, high = max(max(xs) - min(xs), 1), max(max(ys) - min(ys), 1e-12)
    places = ((_WIDTH * (x - min(xs)) / wide, _HEIGHT - _HEIGHT * (y - min(ys)) / high) for x, y in points)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
