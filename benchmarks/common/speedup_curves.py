"""How something grows over one quantity, drawn with the bound that tokens, or processors, set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path


@dataclass(frozen=True)
class Point:
    """One measured case."""

    x: float
    y: float
    bound: float
    noise: float
    """Half the range of the rounds, relative."""


@dataclass(frozen=True)
class Panel:
    """A curve over one quantity."""

    x: str
    """Labels of the axes."""
    y: str
    points: Sequence[Point]
    bound: str = "bound by tokens"


ACROSS = 4
"""Panels in a row of the drawing."""


def draw(panels: Sequence[Panel], file: Path) -> None:
    """An SVG with all panels."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "affectree"  # the same figures give the same file
    from matplotlib import pyplot

    down = ceil(len(panels) / ACROSS)
    size = (3.6 * min(ACROSS, len(panels)), 3.2 * down)
    figure, axes = pyplot.subplots(down, min(ACROSS, len(panels)), figsize=size, constrained_layout=True, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes.flat, panels, strict=False):
        points = sorted(panel.points, key=lambda point: point.x)
        x = [point.x for point in points]
        spread = [point.noise * point.y for point in points]
        axis.errorbar(x, [point.y for point in points], yerr=spread, fmt="o-", capsize=3, label="measured")
        axis.plot(x, [point.bound for point in points], "--", color="grey", label=panel.bound)
        axis.set_xscale("log", base=2)
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.set_xlabel(panel.x)
        axis.set_ylabel(panel.y)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(file, metadata={"Date": None})
