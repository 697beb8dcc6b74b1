"""Levels and nodes are credited apart: which lines and tokens belong to which, and which advantage they get."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from rewards.plugins.spec import FunctionSpec
from rewards.readings import judged_nodes
from rewards.sample import Reward, RewardSample
from rewards.tree.lines import line_levels, token_lines
from rl.algo.credit import CREDIT, credit_rule
from rl.algo.estimators import Estimator
from rollout.prompts import PromptEncoder
from rollout.samples import TokenCredit
from tests.fuzz_parser import texts
from tests.unit.rewards.rationales import GOOD
from tests.unit.stations import group, prompt, scored

LINES = GOOD.split("\n")
CENTRED = Estimator(FunctionSpec("dr_grpo"))


def credited(rule: str, texts: list[str], rewards: list[Reward], tree: str | None = GOOD) -> list[TokenCredit]:
    """What a rule gives the samples of one group."""
    (found,) = credit_rule(FunctionSpec(rule))([scored(group(texts, prompt(tree=tree)), rewards)], CENTRED)
    return found


def test_levels_are_headers_and_nodes() -> None:
    levels = {LINES[line]: level for line, level in line_levels(GOOD).items()}
    assert levels == {
        "attribute": "attribute",
        "a1 hair color: brown": "attribute",
        "a2 eyebrow angle: lowered": "attribute",
        "expression": "expression",
        "e1 scowl < a2": "expression",
        "emotion": "emotion",
        "m1 angry (strong) < e1": "emotion",
    }
    assert line_levels("no tree") == {}
    assert {*line_levels(GOOD[: GOOD.index("emotion") + 3]).values()} == {"attribute", "expression"}


@given(texts)
@settings(max_examples=200, deadline=None)
def test_lines_of_any_text_lie_within_it(text: str) -> None:
    last = text.count("\n")
    assert all(0 <= line <= last for line in line_levels(text))
    assert all(0 <= line <= last for line in judged_nodes(RewardSample(text, tree=GOOD)))


def test_tokens_of_a_real_tokenizer_get_the_line_that_they_write(encoder: PromptEncoder) -> None:
    text = GOOD.replace("brown", "bräun 😀")
    ids = encoder.reply_ids(text)
    stray = encoder.reply_ids("😀")[:1]  # part of a character: not valid UTF-8 by itself
    tokens = encoder.token_bytes(np.concatenate([stray, ids, [10**6]]))
    assert b"".join(tokens[1:]) == text.encode()
    lines = token_lines(tokens)
    assert lines[-2:] == [-1, -1]  # the end-of-turn token, and an id without a token
    for number, line in enumerate(text.split("\n")):
        written = b"".join(token for token, of in zip(tokens[1:], lines[1:], strict=True) if of == number)
        assert line.encode() in written or written in line.encode()


def test_each_level_is_compared_with_its_own_in_the_group() -> None:
    rewards = [
        Reward(0.9, levels={"attribute": 1.0, "emotion": 1.0}),
        Reward(0.5, levels={"attribute": 1.0, "emotion": 0.0}),
        Reward(None, levels={"attribute": 0.0}),
    ]
    found = credited("level", [GOOD] * 3, rewards)
    assert {LINES[line]: advantage for line, advantage in found[0].lines.items()} == {
        "attribute": 0.0,
        "a1 hair color: brown": 0.0,
        "a2 eyebrow angle: lowered": 0.0,
        "emotion": 0.5,
        "m1 angry (strong) < e1": 0.5,
    }
    assert {*found[1].lines.values()} == {0.0, -0.5}
    assert found[2].lines == {}
    at = [LINES.index(line) for line in ("<tree>", "attribute", "e1 scowl < a2", "emotion")]
    advantages = found[0].over(0.2, 5, [*at, -1])
    assert advantages.dtype == np.float32
    assert advantages.tolist() == pytest.approx([0.2, 0.0, 0.2, 0.5, 0.2])


def test_nodes_are_judged_by_the_gold_tree() -> None:
    said = GOOD.replace("brown", "red").replace("angry", "sad")
    nodes = {said.split("\n")[line]: node for line, node in judged_nodes(RewardSample(said, tree=GOOD)).items()}
    assert {line: node.value for line, node in nodes.items()} == {
        "a1 hair color: red": 0.0,
        "a2 eyebrow angle: lowered": 1.0,
        "e1 scowl < a2": 1.0,
        "m1 sad (strong) < e1": 0.0,
    }
    assert nodes["e1 scowl < a2"].about == (0, "expression", 0)
    assert judged_nodes(RewardSample(said)) == {}


def test_an_aspect_stated_twice_is_wrong() -> None:
    twice = GOOD.replace("a2 eyebrow", "a3 hair color: brown\na2 eyebrow")
    values = [node.value for node in judged_nodes(RewardSample(twice, tree=GOOD)).values() if "hair color" in node.about]
    assert values == [0.0, 0.0]


def test_nodes_earn_nothing_that_the_scorers_refuse() -> None:
    def right(text: str, gold: str = GOOD) -> set[str]:
        return {text.split("\n")[n] for n, node in judged_nodes(RewardSample(text, tree=gold)).items() if node.value}

    assert right(GOOD + GOOD) == set()  # a second tree is a hedge
    assert "m1 angry (strong)" not in right(GOOD.replace("m1 angry (strong) < e1", "m1 angry (strong)"))
    assert not any(line.startswith("m1") for line in right(GOOD.replace("e1 scowl < a2", "e1 scowl")))
    first, second = GOOD[GOOD.index("attribute") : GOOD.index("</tree>")], GOOD[GOOD.index("attribute") : GOOD.index("</tree>")]
    second = second.replace("brown", "red").replace("lowered", "raised").replace("angry", "sad").replace("scowl", "smile")
    pair = f"<tree>\nperson 1\n{first}person 2\n{second}</tree>\n<answer>Angry</answer>"
    swapped = f"<tree>\nperson 1\n{second}person 2\n{first}</tree>\n<answer>Angry</answer>"
    assert len(right(pair, pair)) == 8
    assert len(right(swapped, pair)) == 8  # nothing tells a model an order of persons


def test_nodes_are_compared_among_those_that_speak_of_the_same() -> None:
    texts_ = [GOOD, GOOD.replace("brown", "red"), GOOD.replace("a1 hair color: brown\n", ""), "gibberish"]
    rewards = [Reward(1.0, rest=1.0), Reward(0.8, rest=1.0), Reward(0.8, rest=1.0), Reward(0.0, rest=0.6)]
    found = credited("node", texts_, rewards)
    rest = 1.0 - 0.9
    assert {LINES[line]: advantage for line, advantage in found[0].lines.items()} == pytest.approx(
        {
            "a1 hair color: brown": 0.5 + rest,
            "a2 eyebrow angle: lowered": rest,
            "e1 scowl < a2": rest,
            "m1 angry (strong) < e1": rest,
        }
    )
    assert found[1].lines[LINES.index("a1 hair color: brown")] == pytest.approx(-0.5 + rest)
    assert found[3].lines == {}


def test_a_node_that_no_other_sample_states_keeps_the_samples_advantage() -> None:
    found = credited("node", [GOOD, GOOD.replace("a1 hair color: brown\n", "")], [Reward(1.0), Reward(0.5)])
    assert LINES[2] == "a1 hair color: brown"
    assert 2 not in found[0].lines


def test_a_node_that_gold_does_not_cover_answers_for_the_whole_alone() -> None:
    other = GOOD.replace("a1 hair color: brown", "a1 hat: no")
    found = credited("node", [other, GOOD], [Reward(0.5, rest=0.2), Reward(1.0, rest=0.6)])
    assert found[0].lines[2] == pytest.approx(-0.2)
    assert credited("node", [other, GOOD], [Reward(None), Reward(1.0)])[0] == TokenCredit()


def test_samples_that_were_not_scored_are_credited_nothing() -> None:
    for rule in CREDIT:
        found = credited(rule, [GOOD, GOOD], [Reward(None, levels={"emotion": 1.0}), Reward(1.0, levels={"emotion": 0.0})])
        assert found[0] == TokenCredit(), rule
