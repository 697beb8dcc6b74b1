"""How cost grows: `python -m benchmarks.curves [--panels NAME …] [--points runs/curves.jsonl] [--draw docs/curves.svg]`

In one process, forward and backward against the plain form: over rows a clip, frames of a clip, samples of a prompt, tokens of a
prompt and depth of the tree. By the ordinary loop, in processes of its own: over prompts of a GRPO step, learner ranks and
engines; each rank and engine computes on one thread, so that two of them have two processors and one has one.

Every point that is measured is appended to a file, and those that stand there are not measured again: the command can be
interrupted, and be given panel after panel.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks import learner
from benchmarks.common import loop_points, rows_of_clips
from benchmarks.common.policies import make_policy
from benchmarks.common.speedup_curves import Panel, Point, draw

ROUNDS = 3
PLAIN = "times as fast as the plain form"


@dataclass(frozen=True)
class Curve:
    """One panel: its axes, and how a point of it is measured."""

    x: str
    y: str
    at: tuple[int, ...]
    measure: Callable[[int], Point]
    bound: str = "bound by tokens"


_policy = cache(make_policy)


def _rows(name: str, case: rows_of_clips.Case, x: int) -> Point:
    found = rows_of_clips.compare(replace(case, **{name: x}), _policy(), ROUNDS)
    return Point(x, found["by_clip_speedup"], found["token_bound"], found["noise"])


def _group(case: Callable[[int], learner.Case], x: int) -> Point:
    found = learner.compare(case(x), _policy())
    return Point(x, found["speedup"], found["token_bound"], found["noise"])


CURVES = {
    "rows": Curve("rows a clip (1,024 tokens)", PLAIN, (1, 2, 5, 8), partial(_rows, "rows", rows_of_clips.Case(clips=1))),
    "frames": Curve("frames (5 rows a clip)", PLAIN, (2, 4, 8, 16, 32), partial(_rows, "frames", rows_of_clips.Case(clips=1))),
    "group": Curve("G (1,536 prompt tokens)", PLAIN, (2, 4, 8, 16), partial(_group, lambda x: learner.Case(group=x))),
    "prompt": Curve("prompt tokens (G = 8)", PLAIN, (256, 512, 1024, 1536, 3072), partial(_group, learner.Case)),
    "depth": Curve(
        "depth (1,536 prompt tokens, G = 2^depth)",
        PLAIN,
        (1, 2, 3, 4),
        partial(_group, lambda x: learner.Case(group=2**x, depth=x)),
    ),
    "prompts": Curve(
        "prompts a GRPO step (512 tokens, G = 8)",
        "seconds a step, relative to 1 prompt",
        (1, 2, 4, 8),
        loop_points.prompts,
        "in proportion to prompts",
    ),
    "ranks": Curve("learner ranks (a thread each)", "times as fast as 1 rank", (1, 2), loop_points.ranks, "bound by processors"),
    "engines": Curve("engines (a thread each)", "times as fast as 1 engine", (1, 2), loop_points.engines, "bound by processors"),
}


def measured(file: Path) -> dict[tuple[str, int], Point]:
    """The points that a file holds, by panel and place."""
    lines = file.read_text().splitlines() if file.exists() else []
    return {(line.pop("panel"), int(line["x"])): Point(**line) for line in map(json.loads, lines)}


def measure(names: Iterable[str], file: Path) -> None:
    """Measure what the file lacks of some panels."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        for x in CURVES[name].at:
            if (name, x) not in measured(file):
                line: dict[str, Any] = {"panel": name, **CURVES[name].measure(x).__dict__}
                with file.open("a") as opened:
                    opened.write(json.dumps(line) + "\n")
                print(json.dumps(line), flush=True)


def panels(points: dict[tuple[str, int], Point]) -> list[Panel]:
    """The panels of which anything has been measured."""
    drawn = {name: [points[name, x] for x in curve.at if (name, x) in points] for name, curve in CURVES.items()}
    return [Panel(CURVES[name].x, CURVES[name].y, found, CURVES[name].bound) for name, found in drawn.items() if found]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--panels", nargs="+", default=list(CURVES), choices=list(CURVES))
    arguments.add_argument("--points", type=Path, default=Path("runs/curves.jsonl"))
    arguments.add_argument("--draw", type=Path, help="an SVG for all that has been measured")
    chosen = arguments.parse_args()
    measure(chosen.panels, chosen.points)
    found = measured(chosen.points)
    if chosen.draw:
        draw(panels(found), chosen.draw)
    print(json.dumps({f"{name} {x}": {"y": point.y, "bound": point.bound} for (name, x), point in found.items()}))


if __name__ == "__main__":
    main()
