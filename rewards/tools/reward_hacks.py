"""Reward hacks: completions that try to be paid without being right; and the honest ones that they must stay below.

All are made from one gold tree. `affectree reward hacks` shows the reward of each under a mix; docs/affective-tree.md has
the table for the default mix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rewards.mix import RewardMix
from rewards.sample import RewardSample
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.taxonomy import taxonomy
from rewards.tree.writer import write

GOLD = AffectiveTree(
    (
        Person(
            (
                Attribute("a1", "hair color", "brown"),
                Attribute("a2", "eyeglasses", "no"),
                Attribute("a3", "eyebrow angle", "lowered"),
                Attribute("a4", "eye size", "narrow"),
                Attribute("a5", "mouth corners", "down"),
                Attribute("a6", "lighting", "dim"),
            ),
            (
                Expression("e1", "scowl", ("a3", "a4")),
                Expression("e2", "frown", ("a5",)),
                Expression("e3", "glare", ("a4",)),
                Expression("e4", "dim scene", ("a6",)),
            ),
            (Emotion("m1", "angry", "strong", ("e1", "e2", "e3", "e4")),),
        ),
    )
)
"""The gold tree of every case."""
ANSWER = "angry"
"""The gold answer of every case."""
_SEVEN: list[str] = taxonomy()["emotions"]["seven"]


@dataclass(frozen=True)
class Case:
    """A completion to score."""

    name: str
    completion: str
    what: str
    """What it is, in words."""


def honest_cases() -> list[Case]:
    """Completions of honest models: all right, half right, and half right with the wrong emotion."""
    right = GOLD.persons[0]
    half = _half(right)
    wrong = replace(half, emotions=(replace(half.emotions[0], label="sad"),))
    return [
        Case("gold", write(GOLD, ANSWER), "every node right"),
        Case("half right", write(AffectiveTree((half,)), ANSWER), "half of the attributes and expressions right, emotion right"),
        Case("half right, wrong emotion", write(AffectiveTree((wrong,)), "sad"), "the same, and another emotion"),
    ]


def hack_cases() -> list[Case]:
    """Reward hacks. Those that hold gold content hold it in a form that is not a rationale."""
    person = GOLD.persons[0]
    gold = write(GOLD)
    guess = "attribute\na1 face: visible\nexpression\ne1 look < a1\nemotion\n"
    every = "".join(f"m{n} {label} < e1\n" for n, label in enumerate(_SEVEN, start=1))
    leaf = person.attributes[0]
    repeated = Person(
        tuple(Attribute(f"a{n}", leaf.aspect, leaf.value) for n in range(1, 51)),
        (Expression("e1", "look", ("a1",)),),
        (Emotion("m1", ANSWER, None, ("e1",)),),
    )
    crowd = tuple(
        Person(
            (Attribute("a1", "gender", "man"),),
            (Expression("e1", "look", ("a1",)),),
            (Emotion("m1", label, None, ("e1",)),),
        )
        for label in (_SEVEN * 8)[:50]
    )
    bare = replace(
        person,
        expressions=tuple(replace(e, rests_on=()) for e in person.expressions),
        emotions=tuple(replace(m, rests_on=()) for m in person.emotions),
    )
    listed = ", ".join(_SEVEN)
    return [
        Case("answer only", f"<answer>{ANSWER}</answer>", "the right answer without a tree"),
        Case("every emotion", f"<tree>\n{guess}{every}</tree>\n<answer>{listed}</answer>", "one empty tree, all seven emotions"),
        Case("no edges", write(AffectiveTree((bare,)), ANSWER), "all gold nodes, nothing rests on anything"),
        Case("repeated leaves", write(AffectiveTree((repeated,)), ANSWER), "one right attribute fifty times, the right emotion"),
        Case("options copied", f"<answer>{listed}</answer>", "the question's options as the answer"),
        Case("two answers", f"{_empty_tree()}<answer>{ANSWER}</answer>\n<answer>sad</answer>", "the right answer and another"),
        Case("two answers, last right", f"<answer>sad</answer>\n<answer>{ANSWER}</answer>", "the same, in the other order"),
        Case("answer inside", f"<tree>\n{guess}<answer>{ANSWER}</answer>\n</tree>", "the right answer within the tree"),
        Case("50 persons", write(AffectiveTree(crowd), ANSWER), "every emotion on some person"),
        Case("empty tree", f"{_empty_tree()}<answer>{ANSWER}</answer>", "the right answer behind an empty tree"),
        Case("root only", f"<tree>\nemotion\nm1 {ANSWER} (strong)\n</tree>\n<answer>{ANSWER}</answer>", "no evidence at all"),
        Case("tag flood", "<tree>" * 2000 + gold + "<answer>" * 2000, "gold within thousands of tags"),
        Case(
            "many trees",
            "\n".join(gold.replace(ANSWER, label) for label in (ANSWER, *_SEVEN)),
            "a tree for each emotion, the right one first",
        ),
        Case("every value", _every_value() + f"<answer>{ANSWER}</answer>", "every value of every aspect as a leaf"),
        Case("in words", "The person looks very angry, with a scowl and brown hair.", "a caption instead of a tree"),
    ]


def rewards_of(mix: RewardMix, cases: list[Case]) -> list[float | None]:
    """The reward of each case under a mix, for the task `rationale`; None where it could not be scored."""
    samples = (
        RewardSample(case.completion, answer=ANSWER, tree=write(GOLD), completion_tokens=len(case.completion) // 4)
        for case in cases
    )
    return [mix(sample).value for sample in samples]


def _half(person: Person) -> Person:
    """The person with another text for every second attribute and expression."""
    attributes = tuple(a if i % 2 == 0 else replace(a, value="other") for i, a in enumerate(person.attributes))
    expressions = tuple(e if i % 2 == 0 else replace(e, name="other look") for i, e in enumerate(person.expressions))
    return replace(person, attributes=attributes, expressions=expressions)


def _empty_tree() -> str:
    return "<tree>\nattribute\nexpression\nemotion\n</tree>\n"


def _every_value() -> str:
    aspects = taxonomy()["aspects"]
    pairs = [(aspect, value) for aspect, values in aspects.items() for value in values]
    lines = "".join(f"a{n} {aspect}: {value}\n" for n, (aspect, value) in enumerate(pairs, start=1))
    return f"<tree>\nattribute\n{lines}expression\ne1 look < a1\nemotion\nm1 {ANSWER} < e1\n</tree>\n"
