"""Points of curves that need the ordinary loop: each is measured right after one with a single prompt, rank or engine."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.drawn_clips import FIVE, HALF, WHOLE, Row, draw, fresh, texts
from benchmarks.common.our_loop import Steps, by_affectree, configuration, tuning
from benchmarks.common.peers import LEARNING_RATE
from benchmarks.common.speedup_curves import Point
from benchmarks.common.timing import WARM_UP, noise
from rl.config.schema import TinySpec
from rl.learner.tiny import build_tiny

STEPS = WARM_UP + 4
GROUP, MAX_TOKENS = 8, 64
CLIPS = 4
"""Of a tuning step, with five rows each."""
PROMPTS = 4
"""Of a GRPO step, where their number is not what is looked at."""
ROOM = {"learner": {"cpus": 0.25}, "rollout": {"cpus": 0.25, "max_model_len": 2048}}
"""What Ray keeps for two ranks or engines leaves room for the others on two processors."""


def prompts(x: int) -> Point:
    """Seconds of a GRPO step on so many prompts, in those of a step on one."""
    return _beside_one(x, lambda count: _grpo(count, {}).timed("rollout/tokens").seconds, lambda one, many: many / one)


def ranks(x: int) -> Point:
    """How many times as fast so many ranks do a tuning step by clip as one does."""
    return _beside_one(x, lambda count: _tuning({"ranks": count, "threads": 1}).timed("tune/tokens").seconds, _times_as_fast)


def engines(x: int) -> Point:
    """How many times as fast so many engines sample a token as one does."""

    def seconds(count: int) -> list[float]:
        metrics = _grpo(PROMPTS, {"engines": count, "threads": 1}).metrics[WARM_UP:]
        return [of_step["seconds/generate"] / of_step["rollout/tokens"] for of_step in metrics]

    return _beside_one(x, seconds, _times_as_fast)


def _beside_one(x: int, seconds: Callable[[int], list[float]], relation: Callable[[float, float], float]) -> Point:
    """A point from the seconds of steps with one and with x."""
    if x == 1:
        return Point(1, 1.0, 1, 0.0)
    one, many = seconds(1), seconds(x)
    return Point(x, round(relation(statistics.median(one), statistics.median(many)), 3), x, noise(many))


def _times_as_fast(one: float, many: float) -> float:
    return one / many


def _grpo(count: int, rollout: dict[str, Any]) -> Steps:
    """GRPO steps on clips of 512 tokens."""
    phase = {
        "grpo": {
            "steps": STEPS,
            "prompts": count,
            "group": GROUP,
            "mix": {"*": 1},
            "kl": 0.0,
            "max_tokens": MAX_TOKENS,
            "learning_rate": LEARNING_RATE,
        },
        "rollout": rollout,
    }
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), draw(fresh(Path(folder), "clips"), HALF, count * STEPS, ["rationale"]), phase)


def _tuning(learner: dict[str, Any]) -> Steps:
    """Tuning steps by clip, on clips of 1,024 tokens."""
    phase = {**tuning(CLIPS * len(FIVE), STEPS), "batch": {"by": "clip", "clip_rows": len(FIVE)}, "learner": learner}
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), draw(fresh(Path(folder), "clips"), WHOLE, CLIPS * STEPS, FIVE), phase)


def _run(folder: Path, rows: Sequence[Row], phase: dict[str, Any]) -> Steps:
    model = build_tiny(folder / "model", texts(rows) * 8, TinySpec(vocab=400), seed=0)
    with_room = {**phase, **{section: {**settings, **phase.get(section, {})} for section, settings in ROOM.items()}}
    return by_affectree(configuration(folder, rows, model, with_room), folder)
