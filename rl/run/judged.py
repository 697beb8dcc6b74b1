"""What the mix's scorers of captions say of held-out completions, for which exact comparison says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ray

from rl.config.captions import caption_scorer
from rl.config.schema import Config
from rl.record.console import warn
from rl.run.state import Run
from rollout.samples import Group, ScoredGroup


def judge_captions(run: Run, groups: Sequence[Group]) -> dict[str, float | None]:
    """Have the greedy captions among these groups scored; returns what `caption_scores` does."""
    captions = [group for group in groups if caption_scorer(run.config, group.prompt.row.task)]
    scored = run.workers.rewards.score([ray.put(group) for group in captions], run.config.rollout.timeout)
    return caption_scores(run.config, scored)


def caption_scores(config: Config, scored: Iterable[ScoredGroup]) -> dict[str, float | None]:
    """Scores of greedy captions, one sample a group. Captions on which the scorer failed are told.

    Returns:
        Key of each prompt whose task is answered by captions -> its score; None where there is none.
    """
    scores: dict[str, float | None] = {}
    failures = []
    for group in scored:
        name = caption_scorer(config, group.prompt.row.task)
        if name is not None:
            (reward,) = group.rewards
            errors = {**reward.errors, **reward.observer_errors}
            scores[group.prompt.key] = None if name in errors else reward.parts.get(name)
            failures += [errors[name]] if name in errors else []
    if failures:
        warn(f"{len(failures)} of {len(scores)} held-out captions could not be judged and are left out; the first: {failures[0]}")
    return scores
