"""The stations of a sample: prompt -> group -> scored group -> training group -> the tokens that are learned from.

Each is the one before plus what its station adds, so that whatever reads a group reads them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rewards.readings import Reading
from rewards.sample import Reward, RewardSample
from rollout.media.medium import Medium
from rollout.prompts import EncodedPrompt
from rollout.rows.row import Row


@dataclass(frozen=True)
class Prompt:
    """One data set row, ready to ask."""

    key: str
    """Unique within a run: step and position."""
    row: Row
    encoded: EncodedPrompt

    @property
    def media(self) -> tuple[Medium, ...]:
        """The videos and images that it is about, in the order of their tags."""
        return self.row.media


@dataclass(frozen=True)
class SamplingSpec:
    """How completions are drawn. The recorded log-probs are those of this distribution."""

    count: int
    """Completions for each prompt: the group size G."""
    max_tokens: int
    """Longest completion, in tokens."""
    temperature: float = 1.0
    """Sampling temperature; 0 takes the most probable token."""
    top_p: float = 1.0
    """Share of the probability that is sampled from, the most probable tokens first; 1 for all."""
    top_k: int = 0
    """Number of the most probable tokens that are sampled from; 0 for all."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion; they are part of it."""
    branching: tuple[int, ...] = ()
    """Sections of attributes, of expressions under each, and emotions under each of those; their product is `count`. Empty
    for completions that are drawn independently."""
    seed: int | None = None
    """Seed of the draws, from which each completion has its own by the prompt's key and the completion's place; None draws
    otherwise each time."""
    structured: bool = False
    """Hold rationales to the grammar of `rewards/tree/rationale.gbnf`; other tasks are free."""


@dataclass(frozen=True)
class VersionSpan:
    """Successive tokens that one version of the weights drew."""

    version: int
    tokens: int


@dataclass(frozen=True)
class Sample:
    """One completion, with everything that the trainer needs to be exact."""

    prompt_ids: np.ndarray
    """int64 (n,): the expanded prompt, which engine and trainer agree on."""
    ids: np.ndarray
    """int64 (k,): the completion's tokens, the end-of-turn token included if it was drawn."""
    log_probs: np.ndarray
    """float32 (k,): log-probabilities of the sampled distribution."""
    text: str
    finish_reason: str
    versions: tuple[VersionSpan, ...]
    """The versions of the weights that drew it, in order: several where weights were loaded while it was being drawn."""
    path: tuple[int, ...] = ()
    """In a group sampled as a tree: number of its section at each level. Samples that are one text, which ended early, have
    the same path."""
    ends: tuple[int, ...] = ()
    """Tokens up to the end of each section of the path."""

    @property
    def truncated(self) -> bool:
        """Whether it was cut off at its longest length."""
        return self.finish_reason == "length"

    @property
    def version(self) -> int:
        """The oldest weights that drew any of it."""
        return min(span.version for span in self.versions)

    def age(self, version: int) -> int:
        """Versions between the oldest weights that drew any of it and `version`."""
        return version - self.version


@dataclass(frozen=True)
class Group:
    """The G samples of one prompt."""

    prompt: Prompt
    samples: tuple[Sample, ...]

    def drawn_tokens(self) -> int:
        """Tokens that the engine drew; what samples share was drawn once."""
        drawn = {}
        for place, sample in enumerate(self.samples):
            begin = 0
            for depth, end in enumerate(sample.ends or (len(sample.ids),), start=1):
                drawn[sample.path[:depth] or place] = end - begin
                begin = end
        return sum(drawn.values())


@dataclass(frozen=True)
class ScoredGroup(Group):
    """A group with its rewards: the reward worker's station."""

    rewards: tuple[Reward, ...]
    """The reward of each sample, in order."""
    readings: tuple[Reading, ...]
    """Which line of each sample states what, read once, where it was scored."""


@dataclass(frozen=True)
class TokenCredit:
    """Advantages of single tokens, where lines or sections of a sample are credited apart; the rest get the sample's own."""

    lines: Mapping[int, float] = field(default_factory=dict)
    """Line of the completion, from 0 -> advantage of the tokens that write it."""
    sections: tuple[tuple[int, float], ...] = ()
    """Successive runs of tokens, which together are the whole sample: (token after its last, advantage)."""

    def over(self, advantage: float, tokens: int, lines: Sequence[int] = ()) -> np.ndarray:
        """The advantage of each token, float32 (tokens,).

        Args:
            advantage: of the sample as a whole.
            tokens: number of tokens of the sample.
            lines: the line that each token writes; needed where lines are credited.

        Raises:
            ValueError: if the sections do not end where the sample does.
        """
        if self.sections:
            ends = [end for end, _ in self.sections]
            if ends[-1] != tokens:
                raise ValueError(f"sections end at token {ends[-1]} of a sample of {tokens}")
            return np.repeat(np.array([value for _, value in self.sections], dtype=np.float32), np.diff([0, *ends]))
        if self.lines:
            return np.array([self.lines.get(line, advantage) for line in lines], dtype=np.float32)
        return np.full(tokens, advantage, dtype=np.float32)


@dataclass(frozen=True)
class TrainingGroup(ScoredGroup):
    """A scored group with its advantages: what a step learns from and writes down."""

    advantages: tuple[float | None, ...]
    """The advantage of each sample; None for those that nothing is learned from."""
    credit: tuple[TokenCredit, ...]

    def tokens(self) -> TokenGroup | None:
        """What a learner rank needs of the samples that have an advantage, or None where none has."""
        kept = [place for place, advantage in enumerate(self.advantages) if advantage is not None]
        group = TokenGroup(
            self.prompt.encoded,
            tuple(sample.ids for sample in self.samples),
            tuple(sample.log_probs for sample in self.samples),
            tuple(advantage or 0.0 for advantage in self.advantages),
            self.credit,
        )
        return group.only(kept) if kept else None


@dataclass(frozen=True)
class TokenGroup:
    """A prompt and replies to it, as tokens: what learner ranks are sent. Losses are on the replies."""

    prompt: EncodedPrompt
    replies: tuple[np.ndarray, ...]
    """Token ids of each reply, int64 (k,), k >= 1."""
    log_probs: tuple[np.ndarray, ...] = ()
    """What the engine recorded for each reply, float32 (k,). Empty in supervised steps, as are the next two."""
    advantages: tuple[float, ...] = ()
    credit: tuple[TokenCredit, ...] = ()

    @classmethod
    def of(cls, group: Group) -> TokenGroup:
        """All samples of a group, to have their log-probs computed."""
        return cls(group.prompt.encoded, tuple(sample.ids for sample in group.samples))

    def only(self, places: Sequence[int]) -> TokenGroup:
        """The group with some of its replies."""
        columns: tuple[tuple[Any, ...], ...] = (self.replies, self.log_probs, self.advantages, self.credit)
        kept = (tuple(values[place] for place in places) if values else () for values in columns)
        return TokenGroup(self.prompt, *kept)

    def reply_tokens(self) -> int:
        """Tokens of all replies."""
        return sum(map(len, self.replies))


def reward_sample(prompt: Prompt, sample: Sample) -> RewardSample:
    """What the scorers see of a sample."""
    return replace(
        gold_sample(prompt.row),
        completion=sample.text,
        finish_reason=sample.finish_reason,
        completion_tokens=len(sample.ids),
        completion_ids=tuple(sample.ids.tolist()),
        group=prompt.key,
    )


def gold_sample(row: Row) -> RewardSample:
    """What the scorers see of a row, with nothing written yet."""
    return RewardSample(
        completion="",
        task=row.task,
        prompt=row.question,
        answer=row.answer,
        answers=row.answers,
        tree=row.tree,
        covers=row.covers,
        options=row.options,
        media=tuple(medium.shown() for medium in row.media),
        columns={**row.columns, "source": row.source},
    )
