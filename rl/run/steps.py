"""What a GRPO step is made of: ask, roll out, give advantages, cut into mini-batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from rewards.sample import Reward
from rl.algo.assign import assign
from rl.algo.filters import replace_equal, without_stale
from rl.algo.schedules import cosine
from rl.config.schema import GrpoConfig, scorer_entries
from rl.learner.balance import join_equal_prompts
from rl.record.console import warn
from rl.run.checks import check_errors
from rl.run.specs import grpo_sampling
from rl.run.state import Run
from rollout.mixing import mixed_indices
from rollout.rows import RowData
from rollout.samples import Prompt, ScoredGroup, TokenGroup, TrainingGroup


@dataclass(frozen=True)
class StepPrompts:
    """The prompts of a step."""

    step: int
    rows: Sequence[int]
    prompts: Sequence[Prompt]


def steps_left(run: Run) -> range:
    """Numbers of the GRPO steps that are still to be done."""
    return range(run.progress.step + 1, run.config.grpo.steps + 1)


def ask(run: Run) -> Callable[[int], StepPrompts]:
    """A function from a step's number to its prompts. It has to be called for one step after the other."""
    rows = run.splits.train
    batches = prompt_batches(rows, run.config.grpo, run.config.seed, run.progress.step)

    def prompts_of(step: int) -> StepPrompts:
        chosen = next(batches)
        return StepPrompts(step, chosen, run.workers.prompts(rows, chosen, f"step{step}"))

    return prompts_of


def prompt_batches(rows: RowData, grpo: GrpoConfig, seed: int, done: int) -> Iterator[list[int]]:
    """The rows of each GRPO step after those that are done, so that a resumed run asks what it would have asked."""
    draws = mixed_indices(rows, grpo.mix, seed)
    for _ in range(done * grpo.prompts):
        next(draws)
    while True:
        yield list(islice(draws, grpo.prompts))


def roll_out(run: Run, asked: StepPrompts) -> list[ScoredGroup]:
    """The groups of a step, generated and scored. With `grpo.resample`, groups that teach nothing are replaced."""
    config, groups = run.config.grpo, sample(run, asked.prompts)
    more = partial(resample, run, asked.step, set(asked.rows))
    return replace_equal(groups, config.resample, more, config.mask_truncated)


def sample(run: Run, prompts: Sequence[Prompt]) -> list[ScoredGroup]:
    """Generate and score a group for each prompt, in order; scoring overlaps generation."""
    drawn = run.workers.engines.generate(prompts, lambda prompt: grpo_sampling(run.config, prompt.row.task))
    scored = run.workers.rewards.score((group for _, group in drawn), run.config.rollout.timeout)
    found = {group.prompt.key: group for group in scored}
    return [found[prompt.key] for prompt in prompts]


def resample(run: Run, step: int, used: set[int], count: int, again: int) -> list[ScoredGroup]:
    """Groups of prompts that the step has not used, where there are such; a resumed run draws the same ones."""
    rows = run.splits.train
    draws = mixed_indices(rows, run.config.grpo.mix, hash((run.config.seed, step, again)) % 2**31)
    candidates = dict.fromkeys(islice(draws, 4 * (count + len(used))))
    chosen = sorted(candidates, key=lambda row: row in used)[:count]  # stable: in the order of the draw
    used.update(chosen)
    return sample(run, run.workers.prompts(rows, list(islice(cycle(chosen), count)), f"step{step}again{again}"))


def advantage(run: Run, groups: Sequence[ScoredGroup]) -> list[TrainingGroup]:
    """Rewards -> advantages; samples of weights that are too old, or that have no reward, have none.

    Raises:
        TooManyScorerErrors: if more samples failed than the config allows.
    """
    config = run.config.grpo
    check_errors(groups, run.config.rewards.max_error_share)
    fresh = without_stale(groups, run.progress.version, config.staleness)
    in_reward = config.kl_in == "reward" and config.kl > 0
    kl = run.workers.learners.reference_kl([TokenGroup.of(group) for group in fresh]) if in_reward else ()
    weights = {entry.scorer.name: entry.weight for entry in scorer_entries(run.config)}
    return assign(fresh, run.estimate, run.credit, weights, kl, config.kl, config.mask_truncated)


def learn(run: Run, groups: Sequence[TrainingGroup], rate: float) -> dict[str, float]:
    """Update the policy on a step's groups, and return the update's metrics.

    A step that teaches nothing changes nothing and has none: the run goes on, and why is told.
    """
    batches = mini_batches(groups, run.config.grpo.updates, run.config.learner.ranks)
    return run.workers.learners.update(batches, rate) if batches else {}


def mini_batches(groups: Sequence[TrainingGroup], updates: int, ranks: int) -> list[list[TokenGroup]]:
    """The mini-batches of a step, one for each optimizer step. Those that have no sample for some rank are left out, and told.

    Args:
        groups: the step's.
        updates: number of mini-batches.
        ranks: number of learner ranks.
    """
    size = len(groups) // updates
    cuts = [groups[number * size : (number + 1) * size] for number in range(updates)]
    batches = [join_equal_prompts([tokens for group in cut if (tokens := group.tokens()) is not None]) for cut in cuts]
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


def learning_rate(grpo: GrpoConfig, step: int) -> float:
    """The learning rate of a step, which counts from 1."""
    return cosine(step - 1, grpo.steps, grpo.learning_rate, grpo.final_learning_rate, grpo.warmup)
