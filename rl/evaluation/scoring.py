"""How far an answer is right: what is measured of each row, by its task.

All values are in [0, 1]. `score` is a row's own measure: F1 of its set of labels, whether its label is right, or what the caption
is worth. A measure that does not apply to a row, for lack of gold, is not among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from rewards import scorers
from rewards.answers.options import read_options
from rewards.answers.text import answer_text
from rewards.sample import MULTI_LABEL_TASKS, RewardSample, Score
from rl.evaluation.calibration import confidence_in, without_confidence
from rl.evaluation.classes import OTHER
from rl.evaluation.wheels import words_of

Verdict = Mapping[str, float] | str
"""What is said of a caption: measures, or why there are none."""
CAPTIONS = ("*caption*", "rationale_text")
"""Tasks that are answered by captions, whoever judges them."""
SINGLE_LABEL_TASKS = (
    "emotion_single", "emotion_fine", "sentiment_single", "sentiment_fine", "micro_expression", "conversation", "head_pose",
    "identity", "rationale",
)  # fmt: skip
"""Tasks whose classes are reported by UAR and WAR."""
EMOTION_TASKS = ("emotion_*", "rationale")
"""Tasks whose answers are words of emotions."""


@dataclass(frozen=True)
class RowScore:
    """What is measured of the answers to one question: the mean over them where there are several."""

    question: str
    """Digest of the question; that of its own row for both arms."""
    clip: str
    task: str
    source: str
    arm: str
    scores: Mapping[str, float] = field(default_factory=dict)
    """Measure -> value in [0, 1]."""
    measure: str = "accuracy"
    """What `score` is: `accuracy`, `F1`, `judge`, `overlap` or `rules`."""
    gold: str | None = None
    """The gold class of a task of one label."""
    said: str | None = None
    """The class that was answered; that of the first of several answers."""
    gold_words: tuple[str, ...] = ()
    """The emotions of the gold answer, where that is emotions."""
    said_words: tuple[str, ...] = ()
    stated: tuple[tuple[float, float], ...] = ()
    """(confidence, how right it was) of each answer that states a confidence."""
    problem: str | None = None
    """Why there is nothing to measure: it was not answered, or could not be judged."""


def is_caption(task: str) -> bool:
    """Whether a task is answered by captions."""
    return any(fnmatch(task, pattern) for pattern in CAPTIONS)


def score_answers(samples: Sequence[RewardSample], verdicts: Sequence[Verdict | None], blank: RowScore) -> RowScore:
    """What is measured of all answers to a question.

    Args:
        samples: the answers with their gold; at least one.
        verdicts: of each answer, where it is a caption; else None.
        blank: which question it is.
    """
    confidences = [confidence_in(sample.completion) for sample in samples]
    samples = [replace(sample, completion=without_confidence(sample.completion)) for sample in samples]
    problem = next((verdict for verdict in verdicts if isinstance(verdict, str)), None)
    if problem is not None:
        return replace(blank, problem=problem)
    found = [
        dict(verdict) if isinstance(verdict, Mapping) else answer_scores(sample)
        for sample, verdict in zip(samples, verdicts, strict=True)
    ]
    scores = {name: sum(one[name] for one in found) / len(found) for name in found[0] if all(name in one for one in found)}
    if len(samples) > 1 and "score" in scores:
        scores["best"] = max(one["score"] for one in found)
        scores["majority"] = found[_most_frequent(samples)]["score"]
    first = samples[0]
    emotions = any(fnmatch(blank.task, pattern) for pattern in EMOTION_TASKS) and first.answer is not None
    single = blank.task in SINGLE_LABEL_TASKS and first.gold_answer is not None and not first.gold_answer.is_set
    return replace(
        blank,
        scores=scores,
        measure=blank.measure if verdicts[0] is not None else "F1" if _is_set(first) else "accuracy",
        gold=class_of(first, gold=True) if single else None,
        said=class_of(first) if single else None,
        gold_words=emotion_words(first.answer or "", first) if emotions else (),
        said_words=emotion_words(first.completion, first) if emotions else (),
        stated=tuple(
            (sure, one["score"]) for sure, one in zip(confidences, found, strict=True) if sure is not None and "score" in one
        ),
    )


def answer_scores(sample: RewardSample) -> dict[str, float]:
    """Measures of one answer that is no caption; of a rationale, those of its tree too."""
    found: dict[str, Score | float | None] = {
        "score": scorers.au(sample) if sample.task == "action_units" else scorers.qa(sample)
    }
    if sample.task == "rationale":
        found |= tree_scores(sample)
    return {name: value.value if isinstance(value, Score) else float(value) for name, value in found.items() if value is not None}


def tree_scores(sample: RewardSample) -> dict[str, Score | float | None]:
    """Measures of a rationale by level: leaves (A), expressions (E), root (M), and of the tree as a whole."""
    return {
        "root_accuracy": scorers.root(sample, evidence="linked"),
        "root_intensity_accuracy": scorers.root(sample, wrong_intensity=0.0, evidence="linked"),
        "expression_f1": scorers.expression(sample),
        "leaf_f1": scorers.leaf(sample),
        "edges_f1": scorers.edges(sample),
        "structure": scorers.structure(sample),
        "tree_edit": scorers.tree_edit(sample),
    }


def class_of(sample: RewardSample, gold: bool = False) -> str:
    """The one class that a completion, or the gold answer, names; an option by its text."""
    true = sample.gold_answer
    answer = (true.answer if gold else sample.answered) if true else None
    if answer is None or len(answer.labels) != 1 or (sample.task == "rationale" and not gold and sample.contradicts_itself()):
        return OTHER
    (label,) = answer.labels
    letter = label.removeprefix("option ").upper()
    text = true.options.texts.get(letter) if true and label.startswith("option ") else None
    strength = answer.intensities.get(label)
    return (text or label) + (f" ({strength})" if strength else "")


def emotion_words(text: str, sample: RewardSample) -> tuple[str, ...]:
    """The emotions that an answer lists, as it writes them; options by their texts."""
    options = sample.gold_answer.options if sample.gold_answer else read_options(sample.options, sample.prompt)
    said = answer_text(text) or ""
    letters = [letter for letter in said if letter.isalnum()]
    if letters and all(letter in options.texts for letter in letters) and said.upper() == said:
        return tuple(options.texts[letter] for letter in letters if options.texts[letter])
    return tuple(words_of(said))


def _is_set(sample: RewardSample) -> bool:
    return sample.gold_answer.is_set if sample.gold_answer else sample.task in MULTI_LABEL_TASKS


def _most_frequent(samples: Sequence[RewardSample]) -> int:
    """The place of the first sample that says what most of them say."""
    said = [
        (one.labels, frozenset(one.intensities.items())) if (one := sample.answered) else sample.completion.strip()
        for sample in samples
    ]
    (most, _), *_ = Counter(said).most_common(1)
    return said.index(most)
