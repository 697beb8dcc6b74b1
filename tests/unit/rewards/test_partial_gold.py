"""Gold that covers a part: rewards, credit and measures judge that part and nothing else. All values are by hand."""

from __future__ import annotations

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.readings import judged_nodes
from rewards.sample import RewardSample, Score
from rewards.scorers.tree import edges, expression, leaf, root, tree_edit
from tests.unit.rewards.rationales import GOOD

ROOT_ONLY = "<tree>\nemotion\nm1 angry\n</tree>"
ATTRIBUTES_ONLY = "<tree>\nattribute\na1 hair color: brown\na2 hat: no\n</tree>"
SECOND = """person 2
attribute
a1 hair color: red
expression
e1 smile < a1
emotion
m1 happy < e1
"""
PAIR = GOOD.replace("<tree>\n", "<tree>\nperson 1\n").replace("</tree>", SECOND + "</tree>").replace("Angry", "angry, happy")


def scores(sample: RewardSample) -> dict[str, float | None]:
    found = {one.__name__: one(sample) for one in (leaf, expression, edges, root, tree_edit)}  # type: ignore[operator]
    return {name: score.value if isinstance(score, Score) else score for name, score in found.items()}


def test_gold_that_knows_the_root_only() -> None:
    sample = RewardSample(GOOD, answer="angry", tree=ROOT_ONLY)
    assert scores(sample) == {"leaf": None, "expression": None, "edges": None, "root": 1.0, "tree_edit": 1.0}
    wrong = RewardSample(GOOD.replace("angry", "sad").replace("Angry", "sad"), answer="angry", tree=ROOT_ONLY)
    # one changed label of three nodes: video, person, emotion
    assert scores(wrong) | {"root": 0.0} == scores(wrong)
    assert tree_edit(wrong).parts["distance"] == 1.0  # type: ignore[union-attr]
    assert {line: node.value for line, node in judged_nodes(sample).items()} == {2: None, 3: None, 5: None, 7: 1.0}
    bare = RewardSample(ROOT_ONLY + "<answer>angry</answer>", answer="angry", tree=ROOT_ONLY)
    assert root(bare) == 0.0  # a root still has to rest on something


def test_a_rationale_of_which_the_answer_alone_is_known_is_judged_by_its_root() -> None:
    sample = RewardSample(GOOD, answer="anger")
    assert scores(sample) == scores(RewardSample(GOOD, answer="anger", tree=ROOT_ONLY))
    assert root(RewardSample(GOOD, answer="D", options=("happy", "sad", "neutral", "angry"))) == 1.0
    assert root(RewardSample(GOOD, answer="A man with a hat looks at the sea.")) is None
    assert root(RewardSample(GOOD, task="caption", answer="angry")) is None


def test_gold_that_knows_attributes_only() -> None:
    sample = RewardSample(GOOD, tree=ATTRIBUTES_ONLY)
    # of hair and hat, the completion has the hair right; nobody labelled eyebrows, expressions and emotion
    assert scores(sample) == {
        "leaf": pytest.approx(2 / 3),
        "expression": None,
        "edges": None,
        "root": None,
        "tree_edit": pytest.approx(2.718281828 ** (-2 * 1 / 4)),  # one leaf missing of video, person, two leaves
    }
    assert dict(leaf(sample).parts) == {"precision": 1.0, "recall": 0.5}  # type: ignore[union-attr]
    assert {line: node.value for line, node in judged_nodes(sample).items()} == {2: 1.0, 3: None, 5: None, 7: None}


def test_gold_that_knows_one_of_two_persons() -> None:
    sample = RewardSample(PAIR, answer="angry", tree=GOOD, covers={"persons": 2})
    assert scores(sample) == {"leaf": 1.0, "expression": 1.0, "edges": 1.0, "root": 1.0, "tree_edit": 1.0}
    judged = judged_nodes(sample)
    assert [judged[line].value for line in sorted(judged)] == [1.0, 1.0, 1.0, 1.0, None, None, None]
    # without a word, the gold tree has everybody, and the second person does not exist
    alone = RewardSample(PAIR, answer="angry", tree=GOOD)
    found = scores(alone)
    assert found["leaf"] == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))  # 2 of 3 leaves right, both true ones found
    assert found["root"] == 0.0  # one root is true, two are stated
    third = RewardSample(
        PAIR.replace("</tree>", SECOND.replace("person 2", "person 3") + "</tree>"), tree=GOOD, covers={"persons": 2}
    )
    assert scores(third)["leaf"] == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


def test_a_row_may_say_that_its_gold_is_complete() -> None:
    more = GOOD.replace("expression\n", "a3 hat: yes\nexpression\n", 1)
    assert scores(RewardSample(more, tree=GOOD))["leaf"] == 1.0
    assert scores(RewardSample(more, tree=GOOD, covers={"aspects": "all"}))["leaf"] == pytest.approx(0.8)
    assert scores(RewardSample(more, tree=GOOD, covers={"aspects": ["hair color", "hat"]}))["leaf"] == pytest.approx(2 / 3)
    assert scores(RewardSample(GOOD, tree=GOOD, covers={"expressions": False}))["expression"] is None
    assert scores(RewardSample(GOOD, tree=GOOD, covers={"root": False}))["root"] is None


def test_persons_in_the_other_order_are_the_same_persons() -> None:
    first, second = PAIR[PAIR.index("person 1") : PAIR.index("person 2")], SECOND
    swapped = f"<tree>\n{second.replace('2', '1', 1)}{first.replace('1', '2', 1)}</tree>\n<answer>angry, happy</answer>"
    sample = RewardSample(swapped, answer="angry, happy", tree=PAIR)
    assert scores(sample) == {"leaf": 1.0, "expression": 1.0, "edges": 1.0, "root": 1.0, "tree_edit": 1.0}
    assert {node.value for node in judged_nodes(sample).values()} == {1.0}
    written = [node.about for node in judged_nodes(RewardSample(PAIR, tree=PAIR)).values()]
    assert sorted(node.about for node in judged_nodes(sample).values()) == sorted(written)  # type: ignore[type-var]


def test_the_mix_leaves_out_what_is_not_known() -> None:
    settings = {name: {"weight": weight} for name, weight in (("root", 2), ("leaf", 2), ("expression", 1))}
    with build_mix(mix_entries(settings)) as mix:
        reward = mix(RewardSample(GOOD.replace("angry", "sad").replace("Angry", "sad"), tree=ROOT_ONLY))
        assert (reward.value, set(reward.parts)) == (0.0, {"root"})
        reward = mix(RewardSample(GOOD, tree=ATTRIBUTES_ONLY))
        assert reward.value == pytest.approx(2 / 3)
        assert dict(reward.levels) == {"attribute": pytest.approx(2 / 3)}
