"""What was asked and what came back, as it travels between the parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewards.sample import RewardSample
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
    seed: int | None = None
    structured: bool = False
    """Hold rationales to the grammar of `rewards/rationale.gbnf`; other tasks are free."""


@dataclass(frozen=True)
class Sample:
    """One completion, with everything that the trainer needs to be exact."""

    prompt_ids: np.ndarray
    """int64 (n,): the expanded prompt as the engine saw it."""
    ids: np.ndarray
    """int64 (k,): the completion's tokens, the end-of-turn token included if it was drawn."""
    log_probs: np.ndarray
    """float32 (k,): log-probabilities of the sampled distribution."""
    text: str
    finish_reason: str
    version: int
    """Version of the weights that it was drawn with."""


@dataclass(frozen=True)
class Group:
    """The G samples of one prompt."""

    prompt: Prompt
    samples: tuple[Sample, ...]
    seconds: float
    """From asking to the last sample's end."""


class PromptMismatch(RuntimeError):
    """Engine and trainer disagree about what was asked."""


def check_prompt_ids(group: Group) -> None:
    """Raise `PromptMismatch` unless the engine saw exactly the trainer's expanded prompt."""
    ours = group.prompt.encoded.ids
    for sample in group.samples:
        if not np.array_equal(sample.prompt_ids, ours):
            theirs = sample.prompt_ids
            shared = min(len(ours), len(theirs))
            differ = np.flatnonzero(ours[:shared] != theirs[:shared])
            first = int(differ[0]) if len(differ) else shared
            files = ", ".join(medium.path for medium in group.prompt.row.media)
            raise PromptMismatch(
                f"prompt {group.prompt.key} ({files}): the engine saw {len(theirs)} tokens, the "
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
