"""The second half of a GRPO step, for runs and for replays alike: give advantages, cut into mini-batches, learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from actors.learners.group import LearnerGroup
from rewards.sample import Reward
from rl.algo.assign import assign
from rl.algo.credit import CreditRule
from rl.algo.estimators import Estimator
from rl.algo.filters import without_stale
from rl.config.schema import Config, scorer_entries
from rl.record.console import warn
from rl.record.runs.progress import Progress
from rl.run.checks import check_errors
from rollout.samples import ScoredGroup, TokenGroup, TrainingGroup


class Learning(Protocol):
    """What learns from scored groups: a run, or the replay of one."""

    @property
    def config(self) -> Config: ...

    @property
    def learners(self) -> LearnerGroup: ...

    @property
    def estimate(self) -> Estimator: ...

    @property
    def credit(self) -> CreditRule: ...

    @property
    def progress(self) -> Progress: ...


def advantage(run: Learning, groups: Sequence[ScoredGroup]) -> list[TrainingGroup]:
    """Rewards -> advantages; samples of weights that are too old, or that have no reward, have none.

    Raises:
        TooManyScorerErrors: if more samples failed than the config allows.
    """
    config = run.config.grpo
    check_errors(groups, run.config.rewards.max_error_share)
    fresh = without_stale(groups, run.progress.version, config.staleness)
    in_reward = config.kl_in == "reward" and config.kl > 0
    kl = run.learners.reference_kl([TokenGroup.of(group) for group in fresh]) if in_reward else ()
    weights = {entry.scorer.name: entry.weight for entry in scorer_entries(run.config)}
    return assign(fresh, run.estimate, run.credit, weights, kl, config.kl, config.mask_truncated)


def learn(run: Learning, groups: Sequence[TrainingGroup], rate: float) -> dict[str, float]:
    """Update the policy on a step's groups, and return the update's metrics.

    A step that teaches nothing changes nothing and has none: the run goes on, and why is told.
    """
    batches = mini_batches(groups, run.config.grpo.updates, run.config.learner.ranks)
    return run.learners.update(batches, rate) if batches else {}


def mini_batches(groups: Sequence[TrainingGroup], updates: int, ranks: int) -> list[list[TokenGroup]]:
    """The mini-batches of a step, one for each optimizer step. Those that have no sample for some rank are left out, and told.

    Args:
        groups: the step's.
        updates: number of mini-batches.
        ranks: number of learner ranks.
    """
    size = len(groups) // updates
    cuts = [groups[number * size : (number + 1) * size] for number in range(updates)]
    batches = [[tokens for group in cut if (tokens := group.tokens()) is not None] for cut in cuts]
    filled = [batch for batch in batches if sum(len(group.replies) for group in batch) >= ranks]
    if len(filled) < updates:
        warn(
            f"{updates - len(filled)} of {updates} optimizer steps are left out, for lack of samples that can be learned from "
            f"({_not_learned(groups)})"
        )
    return filled


def _not_learned(groups: Sequence[TrainingGroup]) -> str:
    """Why samples of a step have no advantage, with their number."""
    reasons = Counter(
        _why_not(reward, group)
        for group in groups
        for reward, advantage in zip(group.rewards, group.advantages, strict=True)
        if advantage is None
    )
    samples = sum(len(group.samples) for group in groups)
    return f"{reasons.total()} of {samples} samples: " + ", ".join(f"{count} {why}" for why, count in reasons.most_common())


def _why_not(reward: Reward, group: TrainingGroup) -> str:
    if reward.value is not None:
        compared = sum(other.value is not None for other in group.rewards) > 1
        return "cut off" if compared else "with nothing to compare with in their group"
    if reward.abstained:
        return "that no scorer applies to"
    return "that a scorer failed on" if reward.errors else "drawn by weights that are too old"
