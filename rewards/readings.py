"""What each line of a completion states, and whether the gold tree has it: for learners that credit lines or nodes apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rewards.sample import RewardSample
from rewards.tree.lines import line_levels
from rewards.tree.verdicts import JudgedNode


@dataclass(frozen=True)
class Reading:
    """What the lines of a completion state. Lines count from 0."""

    levels: Mapping[int, str]
    """Line -> level of the tree, for headers and nodes."""
    nodes: Mapping[int, JudgedNode]
    """Line -> the node on it; empty where there is no gold tree to judge by."""


def read(sample: RewardSample) -> Reading:
    """Read a completion line by line. What a scorer has parsed of the sample already is not parsed again."""
    return Reading(line_levels(sample.completion), judged_nodes(sample))


def judged_nodes(sample: RewardSample) -> dict[int, JudgedNode]:
    """Line (from 0) -> the node on it, as the scorers `leaf`, `expression` and `root` judge it; empty without a gold tree, and
    for a completion with several trees.

    What a node is about is written before what it says. A leaf is about an aspect of its person; the third expression of a
    person is about the third expression, whatever its name, and so is an emotion. An emotion is right as far as
    its evidence is, if its label is right.
    """
    if sample.judged is None or sample.parsed.has("second_tree"):
        return {}
    return {sample.parsed.lines[key] - 1: node for key, node in sample.judged.nodes().items()}
