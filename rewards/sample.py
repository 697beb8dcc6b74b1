"""What a scorer is given (`RewardSample`), what it gives back (`Score`), and what becomes of that (`Outcome`, `Reward`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from rewards.answers.options import read_options
from rewards.answers.reading import Answer, GoldAnswer, read_gold, read_labels
from rewards.answers.text import answer_text
from rewards.tree.judging import Judgement, judge, upward
from rewards.tree.nodes import AffectiveTree, Emotion, Person
from rewards.tree.parser import Parsed, parse
from rewards.tree.reference import Reference, reference
from rewards.tree.taxonomy import fold, known_emotions

Mode = Literal["sample", "batch", "group"]
"""What one call of a scorer gets: one sample (`sample`), a list of any samples (`batch`), or all samples of one prompt
(`group`)."""
MODES: tuple[Mode, ...] = ("sample", "batch", "group")
Function = TypeVar("Function", bound=Callable[..., Any])
MULTI_LABEL_TASKS = frozenset({"action_units", "emotion_multi", "appearance", "actions"})
"""Tasks whose answers are sets of labels."""


@dataclass(frozen=True)
class Shown:
    """A video or image that a question is about."""

    kind: Literal["video", "image"]
    path: str
    """The file; where a row holds the content itself, or a list of frames, a name for messages."""
    content: bytes = b""
    """The file's bytes, where the row holds them; empty where they are at `path`."""
    frames: tuple[str, ...] = ()
    """The files of a video's frames, in order, where it is given as a list of pictures."""
    start: float | None = None
    """Second at which the part of the video begins that is meant; None for its beginning."""
    end: float | None = None
    """Second at which that part ends; None for the video's end."""


Media = tuple[Shown, ...]
"""Videos and images, in the order in which they are shown."""


@dataclass(frozen=True)
class RewardSample:
    """One completion and what is known to be true of its prompt."""

    completion: str
    """What the model wrote."""
    task: str = "rationale"
    """The task of the data set's row, by which scorers are chosen."""
    prompt: str = ""
    """The text of the question."""
    answer: str | None = None
    """The gold answer: a label, comma-separated labels, an option letter or a phrase."""
    answers: tuple[str, ...] = ()
    """The gold labels, where the data set lists them; `answer` is then these, joined by commas."""
    tree: str | None = None
    """The gold affective tree as text."""
    covers: Mapping[str, Any] | None = None
    """What the gold tree covers (`rewards.tree.coverage`); None for what is in it."""
    options: tuple[str, ...] = ()
    """The choices of a closed question, in order; `A. happy` where the data set gives them letters of its own."""
    media: Media = ()
    """What the question is about, in the order of its tags; empty where the caller has no files."""
    finish_reason: str = "stop"
    """`stop`, or `length` where the completion was cut off."""
    completion_tokens: int = 0
    """Number of tokens of the completion."""
    completion_ids: tuple[int, ...] = ()
    """Token ids of the completion, where the caller has them."""
    group: str = ""
    """The prompt's name: the samples of one prompt have the same."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every other column of the data set's row."""

    @cached_property
    def parsed(self) -> Parsed:
        """The completion, read as a rationale once for all scorers."""
        return parse(self.completion)

    @cached_property
    def gold(self) -> Parsed:
        """The gold tree, read by the same parser. A rationale of which only the emotion is known has a tree of that alone."""
        if self.tree is None and self.task == "rationale":
            return _gold_of_answer(self.answer, self.answers, self.options, self.prompt)
        return _parse_gold(self.tree or "")

    @cached_property
    def stated(self) -> AffectiveTree:
        """The completion's tree, without edges to evidence that stands further down. It is empty for a completion with several
        trees, so that none can be a hedge."""
        return AffectiveTree() if self.parsed.has("second_tree") else upward(self.parsed)

    @cached_property
    def gold_answer(self) -> GoldAnswer | None:
        """The gold answer as it is compared; None if there is none."""
        return _read_gold_answer(*self._question)

    @cached_property
    def answered(self) -> Answer | None:
        """What the completion answers, read as the gold answer is; None for no answer, several, or one against itself, and
        where there is no gold answer."""
        return _read_answer(answer_text(self.completion), *self._question) if self.answer is not None else None

    @cached_property
    def judged(self) -> Judgement | None:
        """The completion's tree beside the gold tree; None without a gold tree."""
        gold = self.gold.tree
        if gold.is_empty():
            return None
        true = reference(gold, self.covers) if self.covers or self.tree is None else _reference(self.tree)
        return judge(self.stated, true, frozenset() if self._consistent() else self.tagged_labels)

    @cached_property
    def tagged_labels(self) -> frozenset[str]:
        """The folded labels in `<answer>`, however many; none if there is no such tag."""
        return _read_labels(answer_text(self.completion), *self._question) if "<answer>" in self.completion else frozenset()

    @property
    def _question(self) -> tuple[str | None, tuple[str, ...], tuple[str, ...], str, bool]:
        """What decides how answers are read."""
        return self.answer, self.answers, self.options, self.prompt, self.task in MULTI_LABEL_TASKS

    def contradicts_itself(self) -> bool:
        """Whether `<answer>` has a label that no root of the completion's tree has: two bets, of which none counts. Where the
        gold answer is none of the gold roots itself, such as a sentiment, the two are not compared."""
        return not self.stated.is_empty() and not self._consistent()

    def _consistent(self) -> bool:
        roots = {fold(m.label) for m in self.stated.emotions()}
        if not roots or self.tagged_labels <= roots or fold(answer_text(self.completion) or "") in roots:
            return True
        true = {fold(m.label) for m in self.gold.tree.emotions()}
        gold = answer_text(self.answer or "") or ""
        return not true or (bool(gold) and not (_read_labels(gold, *self._question) <= true or fold(gold) in true))


@lru_cache(maxsize=4096)  # all samples of a prompt have the same gold tree
def _parse_gold(text: str) -> Parsed:
    return parse(text)


@lru_cache(maxsize=4096)
def _reference(text: str) -> Reference:
    return reference(_parse_gold(text).tree)


@lru_cache(maxsize=4096)
def _read_gold_answer(
    answer: str | None, answers: tuple[str, ...], options: tuple[str, ...], prompt: str, multi_label: bool
) -> GoldAnswer | None:
    return read_gold(answer, answers, read_options(options, prompt), multi_label)


@lru_cache(maxsize=16_384)  # answers are few, and samples many
def _read_answer(text: str | None, *question: Any) -> Answer | None:
    gold = _read_gold_answer(*question)
    return gold.read(text) if gold else None


@lru_cache(maxsize=16_384)
def _read_labels(text: str | None, *question: Any) -> frozenset[str]:
    gold = _read_gold_answer(*question)
    return read_labels(text, gold.options if gold else read_options(question[2], question[3]))


@lru_cache(maxsize=4096)
def _gold_of_answer(answer: str | None, answers: tuple[str, ...], options: tuple[str, ...], prompt: str) -> Parsed:
    """A tree of emotions alone, if the gold answer is emotions of the taxonomy and nothing else; else an empty one."""
    gold = _read_gold_answer(answer, answers, options, prompt, False)
    labels = _read_labels(answer_text(answer or ""), answer, answers, options, prompt, False)
    if gold is None or not labels or not labels <= known_emotions():
        return parse("")
    emotions = (Emotion(f"m{n}", label, gold.answer.intensities.get(label)) for n, label in enumerate(sorted(labels), 1))
    return Parsed(AffectiveTree((Person(emotions=tuple(emotions)),)), answer, (), {})


@dataclass(frozen=True)
class Score:
    """A scorer's verdict."""

    value: float
    """A finite number; higher is better."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Finite numbers to look at, by name, such as precision and recall. They do not count themselves."""


@dataclass(frozen=True)
class Failure:
    """Why there is no score."""

    message: str
    infrastructure: bool = False
    """Whether the fault lies with a service, so that trying again may help."""


Outcome = Score | Failure | None
"""What came of scoring one sample; None means that the scorer does not apply to it."""


@dataclass(frozen=True)
class Reward:
    """A sample's reward and what it is made of."""

    value: float | None
    """The weighted mean of the scorers' values; None if one failed whose `on_error` is `drop`, or if all of them abstained."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Each scorer's value by its name, and each part of its score by `scorer.part`; those of weight 0 too."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Level of the tree -> weighted mean of the scorers that judge it."""
    rest: float | None = None
    """The weighted mean of the scorers that judge the whole and no level; None if there is none."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Scorer -> what went wrong, also for scorers whose `on_error` is a number, which was used instead. Only scorers that count;
    see `observer_errors`."""
    observer_errors: Mapping[str, str] = field(default_factory=dict)
    """Scorer of weight 0 -> what went wrong: it is told and changes nothing."""
    abstained: bool = False
    """Whether there is no reward because no scorer that counts applies: none failed, and all gave None."""


class ScorerError(RuntimeError):
    """A scorer returned something that is not a score. The message names the scorer and what was found."""


class InfrastructureError(RuntimeError):
    """A scorer raises it where a service that it needs is at fault; the call is then tried again."""


def scorer(
    mode: Mode | None = None, range: tuple[float, float] | None = None, env: Sequence[str] = ()
) -> Callable[[Function], Function]:
    """Decorate a scorer with what it promises and needs: `@scorer(mode="group", range=(-1, 0), env=("MY_KEY",))`.

    Args:
        mode: what one call gets; one sample where nothing is said.
        range: the least and the greatest score that it gives. `affectree reward check` fails a scorer that leaves it, and warns
            of one that promises nothing and leaves [0, 1].
        env: names of environment variables that it needs, such as the key of a service. Wherever it runs they are there: they are
            taken from where affectree is started, and one that is missing there is told before a run begins.
    """
    if mode not in (None, *MODES):
        raise ValueError(f"mode must be one of {', '.join(MODES)}, found {mode!r}")
    if range is not None and not (len(range) == 2 and range[0] <= range[1]):
        raise ValueError(f"range must be the least and the greatest score, such as (0, 1), found {range!r}")

    if isinstance(env, str) or not all(isinstance(name, str) and name.isidentifier() for name in env):
        raise ValueError('env must be the names of environment variables, such as ("MY_KEY",)')

    def declare(function: Function) -> Function:
        if mode is not None:
            function.affectree_mode = mode  # type: ignore[attr-defined]
        if range is not None:
            function.affectree_range = (float(range[0]), float(range[1]))  # type: ignore[attr-defined]
        if env:
            function.affectree_env = tuple(env)  # type: ignore[attr-defined]
        return function

    return declare


def as_score(result: Any, scorer: str) -> Score | None:
    """What a scorer returned for one sample, as a score; None means that it does not apply.

    Args:
        result: None, a finite number, a `Score`, or a mapping with `score` and named parts. A score of None is None too. A part
            that is None is left out.
        scorer: the scorer's name, for errors.

    Raises:
        ScorerError: if the result is anything else, or one of its parts is not a finite number.
    """
    if isinstance(result, Score):
        value, parts = result.value, result.parts
    elif isinstance(result, Mapping):
        if "score" not in result:
            raise ScorerError(f"scorer {scorer!r} returned a mapping without `score`: keys {sorted(map(str, result))}")
        value, parts = result["score"], {key: item for key, item in result.items() if key != "score"}
    else:
        value, parts = result, {}
    return None if value is None else Score(_number(value, scorer, "score"), _parts(parts, scorer))


def finite_number(value: Any) -> float | None:
    """A number, bool, or array or tensor of one element as a float; None for anything else, and for NaN and infinity."""
    if isinstance(value, (str, bytes)):
        return None
    try:
        one = value.item() if hasattr(value, "item") else value  # of arrays of one element, which numpy will not turn to floats
        number = float(one)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # RuntimeError: a tensor of several elements
        return None
    return number if math.isfinite(number) else None


def _parts(parts: Mapping[Any, Any], scorer: str) -> dict[str, float]:
    return {str(name): _number(value, scorer, f"part {name}") for name, value in parts.items() if value is not None}


def _number(value: Any, scorer: str, what: str) -> float:
    number = finite_number(value)
    if number is None:
        raise ScorerError(f"scorer {scorer!r}: {what} must be a finite number, found {value!r:.80} ({type(value).__name__})")
    return number
