"""How fast are tree edit distance and the default reward mix? `python -m benchmarks.reward`

Both sides of a ratio are timed on the same pairs, one right after the other, conversion from the project's own tree
included; the median over the rounds counts, and the spread over the rounds is shown as the machine's noise.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import apted
import zss

from rewards.mix import build_mix
from rewards.mix_settings import read_mix
from rewards.sample import RewardSample
from rewards.tools.reward_hacks import ANSWER, GOLD, honest_cases
from rewards.tree.edit_distance import edit_distance
from rewards.tree.nodes import Node
from rewards.tree.writer import write

NODES = 40
PAIRS = 2000
ROUNDS = 20
LABELS = 12
MIX = Path(__file__).resolve().parent.parent / "configs" / "rewards" / "default.yaml"


class _Config(apted.Config):
    """Unit costs on the project's own tree."""

    def rename(self, a: Node, b: Node) -> int:
        return int(a.label != b.label)

    def children(self, node: Node) -> tuple[Node, ...]:
        return node.children


def by_zss(a: Node, b: Node) -> float:
    return zss.distance(a, b, lambda n: list(n.children), lambda n: 1, lambda n: 1, lambda x, y: int(x.label != y.label))


def by_apted(a: Node, b: Node) -> float:
    return apted.APTED(a, b, _Config()).compute_edit_distance()


def random_tree(nodes: int, rng: random.Random) -> Node:
    """A tree in which each node's parent is drawn from all earlier nodes."""
    children: list[list[int]] = [[] for _ in range(nodes)]
    for index in range(1, nodes):
        children[rng.randrange(index)].append(index)

    def build(index: int) -> Node:
        return Node(str(rng.randrange(LABELS)), tuple(build(child) for child in children[index]))

    return build(0)


def timed(function: Callable[[Node, Node], float], pairs: Sequence[tuple[Node, Node]]) -> tuple[float, list[float]]:
    """(seconds a pair, distances)."""
    began = time.perf_counter()
    found = [function(a, b) for a, b in pairs]
    return (time.perf_counter() - began) / len(pairs), found


def samples_per_second(seconds: float = 3.0) -> tuple[float, float]:
    """(median, relative spread) of the default mix on one core, groups of 8 rationales, parsing included."""
    gold = write(GOLD, ANSWER)
    texts = [case.completion for case in honest_cases()] + [gold[: len(gold) // 2], gold.replace("scowl", "smile")]
    mix = build_mix(read_mix(MIX))
    group = [RewardSample(texts[n % len(texts)], answer=ANSWER, tree=gold) for n in range(8)]
    mix.score(group)
    rates, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        groups = [[replace(sample) for sample in group] for _ in range(50)]  # copies have parsed nothing yet
        began = time.perf_counter()
        for fresh in groups:
            mix.score(fresh)
        rates.append(400 / (time.perf_counter() - began))
    return statistics.median(rates), _spread(rates)


def main() -> None:
    rng = random.Random(0)
    pairs = [(random_tree(NODES, rng), random_tree(NODES, rng)) for _ in range(PAIRS)]
    edit_distance(*pairs[0])  # compiles, or loads the compiled form
    to_zss, to_apted, own, mismatches = [], [], [], 0
    for number in range(ROUNDS):
        chosen = pairs[number * PAIRS // ROUNDS : (number + 1) * PAIRS // ROUNDS]
        ours, distances = timed(edit_distance, chosen)
        zss_seconds, zss_distances = timed(by_zss, chosen)
        apted_seconds, apted_distances = timed(by_apted, chosen)
        to_zss.append(zss_seconds / ours)
        to_apted.append(apted_seconds / ours)
        own.append(1e6 * ours)
        mismatches += sum(len({*found}) > 1 for found in zip(distances, zss_distances, apted_distances, strict=True))
    rate, rate_spread = samples_per_second()
    result = {
        "ted_vs_zss": round(statistics.median(to_zss), 1),
        "ted_vs_apted": round(statistics.median(to_apted), 1),
        "mismatches": mismatches,
        "pairs": PAIRS,
        "nodes": NODES,
        "microseconds": round(statistics.median(own), 1),
        "scored_per_s_per_core": round(rate),
        "noise": {"ted_vs_zss": _spread(to_zss), "ted_vs_apted": _spread(to_apted), "scored_per_s_per_core": rate_spread},
    }
    print(json.dumps(result))


def _spread(values: Sequence[float]) -> float:
    """Half the range of the middle 80 %, relative to the median."""
    tenths = statistics.quantiles(values, n=10)
    return round((tenths[-1] - tenths[0]) / 2 / statistics.median(values), 3)


if __name__ == "__main__":
    main()
