"""A long fuzz run of everything that reads model output: `python -m tests.fuzz_parser --minutes 10`."""

from __future__ import annotations

import argparse
import contextlib
import json
import time

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rewards.captions.reader import read_caption
from rewards.plugins.calling import call
from rewards.sample import RewardSample, Score
from rewards.scorers import au, emotion_wheel
from rewards.scorers.answer import format, qa
from rewards.scorers.tree import edges, expression, leaf, root, structure, tree_edit
from rewards.tools.reward_hacks import ANSWER, GOLD
from rewards.tree.edit_distance import edit_distance
from rewards.tree.gold import LOSES
from rewards.tree.lines import line_levels
from rewards.tree.nodes import to_node
from rewards.tree.parser import parse
from rewards.tree.writer import UnwritableTree, write

GOLD_TEXT = write(GOLD, ANSWER)
PIECES = (
    *("<tree>", "</tree>", "<answer>", "</answer>", "\n", "\r\n", "\u2028", "\t", " ", "<", ">", ":", "(", ")"),
    *("person 1", "person 99", "attribute", "expression", "emotion", "a1 ", "a2 hair color: brown", "e1 scowl < a1"),
    *("e2 x < a1 a2 e9", "m1 angry (strong) < e1", "m1 ((x))", "a0 :", "a999999 x: y", "a1234567 x: y", "e1 <"),
    *(
        "Attributes:",
        "**expression**",
        "## Emotion",
        "Person 1:",
        "- a1. hair color: brown",
        "A02) eyes：wide.",
        "<- a1, a2",
        "← E1",
    ),
    *("**e1** scowl", "* m1: angry（strong）", "---", "a1 - ", "。", "`", "**"),
    *("no", "glasses", "a woman with", "her eyes are wide", "😀", "\x00", "عين"),
)
lines = GOLD_TEXT.split("\n")
texts = (
    st.text(max_size=200)
    | st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
    | st.lists(st.sampled_from(PIECES), max_size=40).map("\n".join)
    | st.lists(st.sampled_from(lines), max_size=40).map("\n".join)
    | st.integers(0, len(GOLD_TEXT)).map(lambda cut: GOLD_TEXT[:cut])
    | st.tuples(st.integers(0, len(GOLD_TEXT)), st.text(max_size=8)).map(lambda p: GOLD_TEXT[: p[0]] + p[1] + GOLD_TEXT[p[0] :])
    | st.permutations(lines).map("\n".join)
)


def check(text: str) -> None:
    """Nothing raises, scores stay within their range, and a tree that can be written is read back as it was."""
    parsed = parse(text)
    for defect in parsed.defects:
        assert 0 <= defect.line <= text.count("\n") + 1
    for tree in (parsed.tree, read_caption(text)):
        node = to_node(tree)
        assert edit_distance(node, node) == 0
        with contextlib.suppress(UnwritableTree):
            again = parse(write(tree))
            assert again.tree == tree
            assert not again.has("spelling", *LOSES)
    levels = line_levels(text)
    for (place, node_id), line in parsed.lines.items():
        assert levels[line - 1] == {"a": "attribute", "e": "expression", "m": "emotion"}[node_id[0]]
        assert any(node_id == node.id for nodes in vars(parsed.tree.persons[place]).values() for node in nodes)
    for scorer in (structure, leaf, root, expression, edges, tree_edit, qa, format, au, emotion_wheel):
        sample = RewardSample(text, answer="AU4, AU12" if scorer is au else ANSWER, tree=GOLD_TEXT)
        ((_, outcome),) = call(scorer, scorer.__name__, "sample", [sample], {})
        assert isinstance(outcome, Score), outcome
        assert 0.0 <= outcome.value <= 1.0


def run(minutes: float) -> int:
    """Fuzz for that long; returns how many texts were tried."""
    tried, end = 0, time.monotonic() + 60 * minutes

    @given(texts)
    @settings(max_examples=2000, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def batch(text: str) -> None:
        nonlocal tried
        check(text)
        tried += 1

    while time.monotonic() < end:
        batch()
    return tried


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10.0)
    minutes = arguments.parse_args().minutes
    print(json.dumps({"minutes": minutes, "texts": run(minutes)}))  # noqa: T201
