"""What the mix's scorers of captions say of held-out completions, for which exact comparison says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ray

from rl.config.captions import caption_scorer
from rl.record.console import warn
from rl.run.state import Run
from rollout.samples import Group, ScoredGroup


def judge_captions(run: Run, groups: Sequence[Group]) -> dict[str, float | None]:
    """Have greedy captions among these groups scored; as `caption_scores` has it."""
    captions = [group for group in groups if caption_scorer(run.config, group.prompt.row.task)]
    scored = run.workers.rewards.score([ray.put(group) for group in captions], run.config.rollout.timeout)
    return caption_scores(run, scored)


def caption_scores(run: Run, scored: Iterable[ScoredGroup]) -> dict[str, float | None]:
    """Key of a prompt whose task is answered by captions -> the score of its one completion; None where there is none.

    Captions on which the scorer failed are told.
    """
    scores: dict[str, float | None] = {}
    failures = []
    for group in scored:
        name = caption_scorer(run.config, group.prompt.row.task)
        if name is not None:
            (reward,) = group.rewards
            scores[group.prompt.key] = reward.parts.get(name)
            failures += [error for of, error in {**reward.errors, **reward.observer_errors}.items() if of == name]
    if failures:
        warn(f"{len(failures)} of {len(scores)} held-out captions could not be judged and are left out; the first: {failures[0]}")
    return scores
