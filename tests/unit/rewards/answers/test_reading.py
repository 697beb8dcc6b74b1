"""The one rule of reading answers, case by case; and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.sample import RewardSample
from rewards.scorers.answer import qa

SEVEN = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
MAFW = "Which are they? (A) Anxiety (B) Surprise (C) Neutral (D) Disgust (E) Sadness (F) Fear"
CHIN = "What is the chin shape? A.pointed chin B.round chin C.square chin"
HAIR = ("black", "black and white", "brown")
SINGLE, SET, CLOSED, FINE = "emotion_single", "emotion_multi", "attribute_closed", "emotion_fine"

# rule, task, gold, said, credit, options or question
CASES: list[tuple[str, str, object, str, float, object]] = [
    # letters
    ("a letter alone is an option", CLOSED, "A", "A", 1, ""),
    ("a letter alone is an option", CLOSED, "A", "(A)", 1, ""),
    ("a letter alone is an option", CLOSED, "A", "A.", 1, ""),
    ("a letter alone is an option", CLOSED, "A", "a)", 1, ""),
    ("a letter alone is an option", CLOSED, "A", "B", 0, ""),
    ("a letter alone is an option", CLOSED, "A", "**A**", 1, ""),
    ("a marked letter counts with any text behind it", CLOSED, "A", "A. brown", 1, ""),
    ("a marked letter counts with any text behind it", CLOSED, "A", "A. brown", 1, "Which? A. brown B. black"),
    ("a marked letter counts with any text behind it", CLOSED, "A", "A. since it is light", 1, HAIR),
    ("but not with another option's text", CLOSED, "A", "A. brown", 0, HAIR),
    ("but not with another option's text", CLOSED, "C", "A. brown", 0, HAIR),
    ("but not with another letter or a denial", SINGLE, "A", "A. or B.", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A. B", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "(A) (B)", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A. sad or happy", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A. not happy", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A: no, B", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A. happy, B. sad", 0, SEVEN),
    ("but not with another letter or a denial", SINGLE, "A", "A. happy\nB. sad\nC. neutral", 0, SEVEN),
    ("an unmarked letter counts with its own option's text", CLOSED, "A", "A black", 1, HAIR),
    ("a sentence is no letter", SINGLE, "A", "A person is angry, so C", 0, ""),
    ("a sentence is no letter", SINGLE, "C", "A person is angry, so C", 0, SEVEN),
    ("a sentence is no letter", SINGLE, "A", "A person is angry", 0, SEVEN),
    ("the answer may be led in", SINGLE, "C", "The answer is C", 1, SEVEN),
    ("the answer may be led in", SINGLE, "neutral", "Answer: C", 1, SEVEN),
    ("two letters are no single answer", CLOSED, "A", "A or B", 0, HAIR),
    ("two letters are no single answer", CLOSED, "A", "A, B", 0, HAIR),
    # options with text
    ("an option is known by its text", SINGLE, "happy", "A", 1, SEVEN),
    ("an option is known by its text", SINGLE, "A", "happy", 1, SEVEN),
    ("an option is known by its text", SINGLE, "A", "Joy!", 1, SEVEN),
    ("an option is known by its text", SINGLE, "happy", "B", 0, SEVEN),
    ("a synonym names an option where it names one alone", SINGLE, "A", "B", 0, ("neutral", "calm", "happy")),
    ("a synonym names an option where it names one alone", SINGLE, "neutral", "calm", 0, ("neutral", "calm", "happy")),
    ("a synonym names an option where it names one alone", SINGLE, "joy", "happiness", 0, ("joy", "happiness")),
    ("a synonym names an option where it names one alone", SINGLE, "B", "A", 0, "Which? (A) sadness (B) grief (C) joy"),
    ("options in the question are options", SINGLE, "A", "happy", 1, "(A) happy (B) sad (C) angry. Answer with (A), (B) or (C)."),
    (
        "options in the question are options",
        SINGLE,
        "A",
        "A. sad",
        0,
        "(A) happy (B) sad (C) angry. Answer with (A), (B) or (C).",
    ),
    ("options in the question are options", CLOSED, "B", "left", 0, "Who? (A) left (B) right.\nDialogue:\nA: hello\nB: left"),
    ("options in the question are options", CLOSED, "B", "Mr. Jones", 1, "Who?\nA. Mr. Smith\nB. Mr. Jones"),
    ("options in the question are options", CLOSED, "A", "vitamin B", 1, "Which?\nA. vitamin B.\nB. vitamin C.\nC. water"),
    ("options in the question are options", CLOSED, "A", "高兴", 1, "哪个？ A、高兴 B、悲伤"),
    ("options whose texts are letters go by their letters", CLOSED, "A", "A. C", 1, ("C", "A", "D")),
    ("options whose texts are letters go by their letters", CLOSED, "A", "B. A", 0, ("C", "A", "D")),
    ("options in the question are options", CLOSED, "B", "round chin", 1, CHIN),
    ("options in the question are options", CLOSED, "round chin", "B", 1, CHIN),
    ("options in the question are options", CLOSED, "B. round chin", "B", 1, CHIN),
    ("gold may bring its option's text", CLOSED, "A. brown", "A", 1, ""),
    ("gold may bring its option's text", CLOSED, "A. brown", "brown", 1, ""),
    ("gold may bring its option's text", CLOSED, "A. brown", "B", 0, ""),
    ("options may bring their letters", SINGLE, "B", "sad", 1, ("A. happy", "B. sad")),
    ("options may bring their letters", SINGLE, "D", "sad", 1, ("(C) happy", "(D) sad")),
    ("options may bring their letters", SINGLE, "D", "B", 0, ("(C) happy", "(D) sad")),
    # letter sets
    ("several letters are a set", SET, "BF", "FB", 1, ""),
    ("several letters are a set", SET, "BF", "B, F", 1, ""),
    ("several letters are a set", SET, "BF", "B F", 1, ""),
    ("several letters are a set", SET, "BF", "(B)(F)", 1, ""),
    ("several letters are a set", SET, "BF", "B and F", 1, ""),
    ("several letters are a set", SET, "BF", "F/B", 1, ""),
    ("several letters are a set", SET, "BF", "B", 2 / 3, ""),
    ("several letters are a set", SET, "BF", "BA", 1 / 2, MAFW),
    ("several letters are a set", SINGLE, "BF", "FB", 1, MAFW),
    ("a set's letters and texts are the same", SET, "BF", "surprise, fear", 1, MAFW),
    ("a set's letters and texts are the same", SET, "BF", "B, fear", 1, MAFW),
    ("a set's letters and texts are the same", SET, "Surprise, Fear", "FB", 1, MAFW),
    ("a set's letters and texts are the same", SET, "BF", "(B) Surprise, (F) Fear", 1, MAFW),
    ("a set's letters and texts are the same", SET, "BF", "(B) Surprise (F) Fear", 1, MAFW),
    ("a set's letters and texts are the same", SET, "BF", "(B) Surprise (A) Anxiety", 1 / 2, MAFW),
    ("a set with a letter against its text is no answer", SET, "BF", "A. Surprise, F", 0, MAFW),
    # sets of labels
    ("a list is a set", SINGLE, ["happy", "surprise"], "surprise, happy", 1, ""),
    ("a list is a set", SINGLE, ["happy", "surprise"], "happy", 2 / 3, ""),
    ("a list is a set", SINGLE, '["happy", "surprise"]', "happy and surprise", 1, ""),
    ("a listed label stays whole", SINGLE, ["a man, tall", "x"], "x, a man, tall", 1, ""),
    ("a word in capitals is no set of letters", SET, "SAD", "sad", 1, ""),
    ("a word in capitals is no set of letters", SET, "SAD", "DAS", 0, ""),
    ("a word in capitals is no set of letters", SET, "NO", "no", 1, ""),
    ("a word in capitals is no set of letters", "action_units", "YES", "yes", 1, ""),
    ("labels of a multi-label task are a set", SET, "happy, sad", "sad; joy", 1, ""),
    ("labels of a multi-label task are a set", SET, "happy, sad", '["sad", "happy"]', 1, ""),
    ("labels of a multi-label task are a set", SET, "happy", "happy, sad", 2 / 3, ""),
    ("labels of a multi-label task are a set", "appearance", "black_hair, big_nose", "Big nose | black hair", 1, ""),
    ("several emotions are a set", "rationale", "happy, sad", "<answer>sad, happy</answer>", 1, ""),
    ("action units have numbers", "action_units", "AU4, AU12", "au04, AU 12", 1, ""),
    ("none is a label", "action_units", "None", "none", 1, ""),
    ("none is a label", "action_units", "None", "AU1", 0, ""),
    ("an option that holds a separator stays whole", CLOSED, "B", "black and white", 1, HAIR),
    ("an option that holds a separator stays whole", SET, "AB", "black and white, black", 1, HAIR),
    # tags, for gold too
    ("the answer stands in its tag", SINGLE, "happy", "I see a smile. <answer>happy</answer>", 1, ""),
    ("the answer stands in its tag", SINGLE, "<answer> happy </answer>", "<answer> happy </answer>", 1, ""),
    ("the answer stands in its tag", SINGLE, "<answer> happy </answer>", "happy", 1, ""),
    ("several answers are none", SINGLE, "happy", "<answer>happy</answer><answer>sad</answer>", 0, ""),
    ("a rationale without an answer has none", "rationale", "happy", "<tree></tree>happy", 0, ""),
    # labels
    ("case, space, ends and synonyms do not count", SINGLE, "happy", " Joyful. ", 1, ""),
    ("case, space, ends and synonyms do not count", SINGLE, "happy", '"Happy"', 1, ""),
    ("case, space, ends and synonyms do not count", CLOSED, "A", "**A**.", 1, HAIR),
    ("case, space, ends and synonyms do not count", CLOSED, "A", '"A"', 1, HAIR),
    ("case, space, ends and synonyms do not count", "qa", ".5", "5", 0, ""),
    ("case, space, ends and synonyms do not count", CLOSED, "black hair", "black_hair", 1, ""),
    ("a negation is another text", SINGLE, "happy", "not happy", 0, ""),
    ("a negation is another text", SINGLE, "happy", "no happiness", 0, ""),
    ("a sentence is another text", SINGLE, "happy", "The person is happy", 0, ""),
    ("several labels are no single answer", SINGLE, "happy", "happy, sad", 0, ""),
    ("several labels are no single answer", SINGLE, "happy", "happy or sad", 0, ""),
    # intensities
    ("an intensity counts where gold states one", FINE, "angry (strong)", "Anger (Strong)", 1, ""),
    ("an intensity counts where gold states one", FINE, "angry (strong)", "angry (weak)", 0, ""),
    ("an intensity counts where gold states one", FINE, "angry (strong)", "angry", 0, ""),
    ("an intensity counts where gold states one", SINGLE, "angry", "angry (weak)", 1, ""),
    ("an intensity counts where gold states one", SINGLE, "angry", "D (weak)", 0, SEVEN),
    ("a degree in words belongs to the label", "sentiment_fine", "negative", "strong negative", 0, ""),
    # unicode
    ("full-width letters are letters", CLOSED, "A", "Ａ", 1, ""),
    ("full-width letters are letters", SET, "BF", "Ｂ、Ｆ", 1, ""),
    ("full-width letters are letters", CLOSED, "A", "（Ａ）", 1, ""),
    ("other scripts are compared as they are", SINGLE, "高兴", "高兴。", 1, ""),
    ("other scripts are compared as they are", SINGLE, "高兴", "悲伤", 0, ""),
    ("nothing is no answer", SINGLE, "happy", "", 0, ""),
    ("nothing is no answer", SET, "happy", " , ", 0, ""),
]


def credited(task: str, gold: object, said: str, choices: object = "") -> float | None:
    from rewards.answers.columns import gold_answer

    answer, labels = gold_answer(gold)
    options, prompt = (choices, "") if isinstance(choices, tuple) else ((), str(choices))
    return qa(RewardSample(said, task=task, answer=answer, answers=labels, options=options, prompt=prompt))


@pytest.mark.parametrize(("rule", "task", "gold", "said", "credit", "choices"), CASES)
def test_answers_are_read_by_one_rule(rule: str, task: str, gold: object, said: str, credit: float, choices: object) -> None:
    assert credited(task, gold, said, choices) == pytest.approx(credit), rule


@pytest.mark.parametrize(("rule", "task", "gold", "said", "credit", "choices"), CASES)
def test_every_gold_answer_is_right_against_itself(
    rule: str, task: str, gold: object, said: str, credit: float, choices: object
) -> None:
    text = gold if isinstance(gold, str) else ", ".join(gold)  # type: ignore[arg-type]
    assert credited(task, gold, text, choices) == 1.0


letters = st.sets(st.sampled_from("ABCDEF"), min_size=1).map(sorted)


@given(letters, letters, st.sampled_from(["", ", ", " ", "; ", "/", " and "]), st.randoms())
@settings(max_examples=200, deadline=None)
def test_sets_are_the_same_in_any_order_and_form(gold: list[str], said: list[str], separator: str, rng) -> None:
    rng.shuffle(said)
    hits = len({*gold} & {*said})
    expected = 2 * hits / (len(gold) + len(said)) if hits else 0.0
    assert credited(SET, "".join(gold), separator.join(said), MAFW) == pytest.approx(expected)
    texts = dict(zip("ABCDEF", ("Anxiety", "Surprise", "Neutral", "Disgust", "Sadness", "Fear"), strict=True))
    named = ", ".join(texts[letter] for letter in said)
    assert credited(SET, "".join(gold), named, MAFW) == pytest.approx(expected)


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=12), max_size=5), st.sampled_from([SINGLE, SET]))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(gold: str, said: str, options: list[str], task: str) -> None:
    credit = credited(task, gold, said, tuple(options))
    assert credit is None or 0.0 <= credit <= 1.0


def test_long_runs_of_blanks_cost_no_time() -> None:
    assert credited(SET, "happy", "a" + " " * 200_000 + "b", "") == 0.0
    assert credited(SINGLE, "happy", "happy" + " " * 200_000, MAFW) == 1.0
