"""Supervised tuning by clip and by row, here and in ms-swift: `python -m benchmarks.tuning [--parts learner row clip]`

learner   forward and backward over 5 rows about each of 4 clips of 1,024 tokens, in one process: by clip, where what rows begin
          with alike is computed once, against row by row, the vision tower included
row       whole steps of 24 rows about as many clips of the quickstart, beside ms-swift
clip      whole steps of 5 rows about each of 4 clips of 1,024 tokens, beside ms-swift, which reads the same rows

Whole steps are of the ordinary loop, with the driver, Ray and the learner; both trainers begin with the same saved tiny model
and learn from the same rows in the same order with the same optimizer, each with the setting of micro-batches (and readers) that
it is fastest with. They take turns; what counts is the ratio of the median step of each round after three of warm-up. No clip
is seen in two steps. ms-swift needs `make .venv-swift/.ready` once.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.common.drawn_clips import FIVE, QUICKSTART, WHOLE, Row, draw, fresh, texts
from benchmarks.common.our_loop import by_affectree, configuration, order, tuning
from benchmarks.common.peers import SwiftJob, SwiftSetting, by_swift, python_of
from benchmarks.common.policies import make_policy
from benchmarks.common.rows_of_clips import Case, compare
from benchmarks.common.timing import WARM_UP, Timed, median, noise
from rl.config.schema import TinySpec
from rl.learner.tiny import build_tiny

ROUNDS = 7
"""Of the learner."""
STEPS = WARM_UP + 3
TRIED = WARM_UP + 1
"""Steps with each setting, of which the last is compared."""


@dataclass(frozen=True)
class Whole:
    """Whole steps of one kind."""

    rows_a_clip: int
    clips: int
    """Of a step."""
    batch: dict[str, Any]
    """How affectree draws a step's rows."""
    swift: tuple[SwiftSetting, ...]
    """What ms-swift is tried with."""
    budgets: tuple[int, ...] = (8192, 2048)
    """Tokens of a micro-batch that affectree is tried with."""

    @property
    def rows(self) -> int:
        """Of a step."""
        return self.rows_a_clip * self.clips


WHOLES = {
    "row": Whole(1, 24, {"by": "row"}, tuple(SwiftSetting(*pair) for pair in product((24, 8), (0, 1)))),
    "clip": Whole(5, 4, {"by": "clip", "clip_rows": 5}, (SwiftSetting(20), SwiftSetting(5), SwiftSetting(5, workers=1))),
}


def rows_of(kind: str, folder: Path) -> list[Row]:
    """Rows for all steps: one about each clip, of every task in turn, or all five."""
    clips = WHOLES[kind].clips * STEPS
    if kind == "clip":
        return draw(folder, WHOLE, clips, FIVE)
    drawn = draw(folder, QUICKSTART, clips, FIVE)
    return [drawn[len(FIVE) * number + number % len(FIVE)] for number in range(clips)]


class Pair:
    """The two trainers on the same rows."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.whole, self.folder, self.runs = WHOLES[kind], folder, 0
        self.rows = rows_of(kind, fresh(folder, "clips"))
        self.model = build_tiny(folder / "model", texts(self.rows) * 4, TinySpec(), seed=0)

    def ours(self, budget: int, steps: int) -> Timed:
        """Steps of affectree; its tokens are those of the answers."""
        folder = self._folder()
        return by_affectree(self._config(folder, budget, steps), folder).timed("tune/tokens")

    def theirs(self, setting: SwiftSetting, steps: int) -> Timed:
        """Steps of ms-swift; its tokens are all that it reads."""
        folder = self._folder()
        places = order(self._config(folder, self.whole.budgets[0], steps), folder, steps)
        job = SwiftJob(self.model, [self.rows[place] for place in places], self.whole.rows)
        return by_swift(job, setting, folder, steps)

    def _config(self, folder: Path, budget: int, steps: int) -> dict[str, Any]:
        phase = {**tuning(self.whole.rows, steps), "batch": self.whole.batch, "learner": {"token_budget": budget}}
        return configuration(folder, self.rows, self.model, phase)

    def _folder(self) -> Path:
        self.runs += 1
        return fresh(self.folder, str(self.runs))


def beside_swift(kind: str, rounds: int) -> dict[str, Any]:
    """Whole steps of a kind, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(kind, Path(folder))
        by_setting = {one: pair.theirs(one, TRIED).per_step() for one in pair.whole.swift}
        by_budget = {one: pair.ours(one, TRIED).per_step() for one in pair.whole.budgets}
        setting, budget = min(by_setting, key=by_setting.__getitem__), min(by_budget, key=by_budget.__getitem__)
        print(kind, "seconds a step", {"ms-swift": by_setting, "affectree": by_budget}, flush=True)
        us, them = [], []
        for _ in range(rounds):
            them.append(pair.theirs(setting, STEPS))
            us.append(pair.ours(budget, STEPS))
            print(kind, json.dumps({"ms-swift": them[-1].__dict__, "affectree": us[-1].__dict__}), flush=True)
    ratios = [theirs.per_step() / ours.per_step() for theirs, ours in zip(them, us, strict=True)]
    return {
        "ratio": median(ratios),
        "noise": noise(ratios),
        "swift_s": _seconds(them),
        "affectree_s": _seconds(us),
        "swift_setting": setting.__dict__,
        "token_budget": budget,
        "tokens_read_by_swift": median([timed.tokens[-1] for timed in them], 0),
    }


def _seconds(runs: Sequence[Timed]) -> float:
    return median([timed.per_step() for timed in runs], 3)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parts", nargs="+", default=["learner", *WHOLES], choices=["learner", *WHOLES])
    arguments.add_argument("--rounds", type=int, default=3, help="of whole steps")
    chosen = arguments.parse_args()
    found: dict[str, Any] = {}
    if set(chosen.parts) & set(WHOLES):
        python_of("swift")
    if "learner" in chosen.parts:
        found |= compare(Case(), make_policy(), ROUNDS)
        print("learner", json.dumps(found), flush=True)
    for kind, name in (("row", "vs_swift"), ("clip", "vs_swift_by_clip")):
        if kind in chosen.parts:
            found[f"{name}_case"] = beside_swift(kind, chosen.rounds)
            found[name] = found[f"{name}_case"]["ratio"]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
