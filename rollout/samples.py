"""What was asked and what came back, as it travels between the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rewards.errors import UserError
from rewards.sample import Reward, RewardSample
from rollout.prompts import EncodedPrompt
from rollout.rows import Row


@dataclass(frozen=True)
class Prompt:
    """One data set row, ready to ask."""

    key: str
    """Unique within a run: step and position."""
    row: Row
    encoded: EncodedPrompt


@dataclass(frozen=True)
class SamplingSpec:
    """How completions are drawn. The recorded log-probs are those of this distribution."""

    count: int
    """Completions for each prompt: the group size G."""
    max_tokens: int
    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 for all tokens."""
    stop: tuple[str, ...] = ()
    """Texts that end a completion; they are part of it."""
    branching: tuple[int, ...] = ()
    """Sections of attributes, of expressions under each, and emotions under each of those; their product is `count`. Empty
    for completions that are drawn independently."""
    seed: int | None = None
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
    """Of the weights that it was drawn with: several where weights were loaded while it was being drawn."""
    path: tuple[int, ...] = ()
    """In a group sampled as a tree: which section at each level. Equal for samples that are one text, which ended early."""
    ends: tuple[int, ...] = ()
    """Tokens up to the end of each section of the path."""

    @property
    def version(self) -> int:
        """The oldest weights that drew any of it."""
        return min(span.version for span in self.versions)


@dataclass(frozen=True)
class Group:
    """The G samples of one prompt."""

    prompt: Prompt
    samples: tuple[Sample, ...]
    seconds: float
    """From asking to the last sample's end."""

    def drawn_tokens(self) -> int:
        """Tokens that the engine drew; what samples share was drawn once."""
        drawn = {}
        for place, sample in enumerate(self.samples):
            begin = 0
            for depth, end in enumerate(sample.ends or (len(sample.ids),), start=1):
                drawn[sample.path[:depth] or place] = end - begin
                begin = end
        return sum(drawn.values())


class PromptMismatch(UserError):
    """Engine and trainer disagree about what was asked."""


class PromptTooLong(UserError):
    """A question with its clips fills all that the engines keep of a prompt and its completion."""


def check_prompt_fits(prompt: Prompt, max_model_len: int) -> None:
    """Raise `PromptTooLong` unless at least one token can be drawn after the prompt."""
    tokens = len(prompt.encoded.ids)
    if tokens >= max_model_len:
        files = ", ".join(medium.path for medium in prompt.row.media) or "no media"
        raise PromptTooLong(
            f"prompt {prompt.key} ({files}) has {tokens} tokens, and rollout.max_model_len = {max_model_len} has to hold it with "
            "its completion; raise it (`reason`: --max-model-len), or lower data.max_frames or data.max_pixels"
        )


def check_prompt_ids(prompt: Prompt, written: np.ndarray, theirs: np.ndarray) -> None:
    """Raise `PromptMismatch` unless the engine saw exactly the trainer's expanded prompt, and then what had been written."""
    ours = np.concatenate([prompt.encoded.ids, written])
    if not np.array_equal(theirs, ours):
        shared = min(len(ours), len(theirs))
        differ = np.flatnonzero(ours[:shared] != theirs[:shared])
        first = int(differ[0]) if len(differ) else shared
        files = ", ".join(medium.path for medium in prompt.row.media)
        raise PromptMismatch(
            f"prompt {prompt.key} ({files}): the engine saw {len(theirs)} tokens, the "
            f"trainer has {len(ours)}; they part at token {first}. Engine and trainer must use one processor."
        )


def reward_sample(prompt: Prompt, sample: Sample) -> RewardSample:
    """What the scorers see of a sample."""
    row = prompt.row
    return RewardSample(
        completion=sample.text,
        task=row.task,
        prompt=row.question,
        answer=row.answer,
        tree=row.tree,
        options=row.options,
        finish_reason=sample.finish_reason,
        completion_tokens=len(sample.ids),
        completion_ids=tuple(sample.ids.tolist()),
        group=prompt.key,
        columns={**row.columns, "source": row.source},
    )


@dataclass(frozen=True)
class ScoredGroup:
    """A group with the reward of each of its samples, in order."""

    group: Group
    rewards: tuple[Reward, ...]
    seconds: float


@dataclass(frozen=True)
class TokenCredit:
    """Advantages of parts of a sample, where they are credited apart; all other tokens get the sample's."""

    lines: Mapping[int, float] = field(default_factory=dict)
    """Line of the completion, from 0 -> advantage of the tokens that write it."""
    sections: tuple[tuple[int, float], ...] = ()
    """Successive runs of tokens: (where it ends, advantage)."""


@dataclass(frozen=True)
class LearnItem:
    """One scored sample, ready to learn from."""

    prompt: EncodedPrompt
    ids: np.ndarray
    """int64 (k,)."""
    rollout_log_probs: np.ndarray
    """float32 (k,): what the engine recorded."""
    advantage: float
    parts: TokenCredit = field(default_factory=TokenCredit)
