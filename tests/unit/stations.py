"""Groups at each station, small and made by hand, for tests of what they pass through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rewards.readings import read
from rewards.sample import Reward
from rollout.media.medium import Medium
from rollout.prompts import TEXT, EncodedPrompt
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, Sample, ScoredGroup, VersionSpan, reward_sample


def encoded_text(ids: Sequence[int] | np.ndarray) -> EncodedPrompt:
    """A prompt that shows nothing."""
    tokens = np.array(ids, dtype=np.int64)
    return EncodedPrompt(tokens, tokens, np.tile(np.arange(len(tokens)), (3, 1)), (), np.full(len(tokens), TEXT))


def prompt(key: str = "p", task: str = "rationale", tree: str | None = None, ids: Sequence[int] = (0,)) -> Prompt:
    return Prompt(key, Row(0, "?", (), task, tree=tree), encoded_text(ids))


def about(clip: str, key: str = "p") -> Prompt:
    """A prompt whose row shows a clip."""
    return Prompt(key, Row(0, "?", (Medium("video", clip),), "rationale"), prompt().encoded)


def group(
    texts: Sequence[str],
    asked: Prompt | None = None,
    versions: Sequence[tuple[int, ...]] = (),
    lengths: Sequence[int] = (),
    truncated: Sequence[bool] = (),
) -> Group:
    """A group of completions, of one token each unless told otherwise."""
    samples = []
    for place, text in enumerate(texts):
        of = versions[place] if versions else (1,)
        length = lengths[place] if lengths else len(of)
        ids, log_probs = np.arange(length, dtype=np.int64), np.zeros(length, dtype=np.float32)
        spans = tuple(VersionSpan(version, 1) for version in of)
        reason = "length" if truncated and truncated[place] else "stop"
        samples.append(Sample(np.zeros(1, dtype=np.int64), ids, log_probs, text, reason, spans))
    return Group(asked or prompt(), tuple(samples))


def scored(of: Group, rewards: Sequence[Reward]) -> ScoredGroup:
    """The group with these rewards, read as a reward worker reads it."""
    readings = tuple(read(reward_sample(of.prompt, sample)) for sample in of.samples)
    return ScoredGroup(**vars(of), rewards=tuple(rewards), readings=readings)


def scored_group(
    rewards: Sequence[float | None], versions: Sequence[tuple[int, ...]] = (), task: str = "rationale", key: str = "p"
) -> ScoredGroup:
    """A group of samples that say nothing."""
    return scored(group([""] * len(rewards), prompt(key, task), versions), [Reward(value) for value in rewards])
