"""Speedups over prompt length, group size and depth, drawn with the bound that the tokens set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Point:
    """One measured case."""

    x: float
    speedup: float
    bound: float
    noise: float
    """Half the range of the rounds' ratios, relative."""


def draw(panels: dict[str, Sequence[Point]], file: Path) -> None:
    """An SVG with a panel for each quantity, by the label of its axis."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "affectree"  # the same figures give the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(3.6 * len(panels), 3.2), constrained_layout=True)
    for axis, (label, points) in zip(axes, panels.items(), strict=True):
        points = sorted(points, key=lambda point: point.x)
        x = [point.x for point in points]
        axis.errorbar(
            x,
            [point.speedup for point in points],
            yerr=[point.noise * point.speedup for point in points],
            fmt="o-",
            capsize=3,
            label="measured",
        )
        axis.plot(x, [point.bound for point in points], "--", color="grey", label="bound by tokens")
        axis.set_xscale("log", base=2)
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.set_xlabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("times as fast as the plain form")
    axes[0].legend()
    figure.savefig(file, metadata={"Date": None})
