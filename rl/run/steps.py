"""The parts of a GRPO step: ask, roll out, score, give advantages, cut into mini-batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from rl.algo.advantages import ESTIMATORS, less_kl
from rl.algo.credit import token_credit
from rl.algo.filters import replace_equal, without_stale
from rl.record.console import warn
from rl.record.metrics import ScoredStep
from rl.run.checks import TooManyScorerErrors, check_errors
from rl.run.specs import grpo_sampling
from rl.run.state import Run
from rl.run.workers import learn_items
from rollout.mixing import mixed_indices
from rollout.samples import LearnItem, Prompt, ScoredGroup


@dataclass(frozen=True)
class StepPrompts:
    """What a step asks."""

    step: int
    rows: Sequence[int]
    prompts: Sequence[Prompt]


def roll_out(run: Run, asked: StepPrompts) -> list[ScoredGroup]:
    """A step's groups, generated and scored; with `resample`, those without variance replaced."""
    groups = sample(run, asked.prompts)
    return replace_equal(groups, run.config.grpo.resample, partial(further, run, asked.step, set(asked.rows)))


def sample(run: Run, prompts: Sequence[Prompt]) -> list[ScoredGroup]:
    """Generate and score a group for each prompt; scoring overlaps generation. In the order of the prompts."""
    team = run.team
    drawn = team.rollouts.generate(prompts, lambda prompt: grpo_sampling(run.config, prompt.row.task))
    groups = (group for _, group in drawn)
    found = {item.group.prompt.key: item for item in team.scoring.score(groups, run.config.rollout.timeout)}
    return [found[prompt.key] for prompt in prompts]


def further(run: Run, step: int, used: set[int], count: int, again: int) -> list[ScoredGroup]:
    """Groups of prompts that the step has not used, where there are such; a resumed run draws the same ones."""
    rows = run.splits.train
    draws = mixed_indices(rows, run.config.grpo.mix, hash((run.config.seed, step, again)) % 2**31)
    candidates = dict.fromkeys(islice(draws, 4 * (count + len(used))))
    chosen = sorted(candidates, key=lambda row: row in used)[:count]  # stable: in the order of the draw
    used.update(chosen)
    return sample(run, run.team.prompts(rows, list(islice(cycle(chosen), count)), f"step{step}again{again}"))


def with_advantages(run: Run, groups: Sequence[ScoredGroup]) -> ScoredStep:
    """Rewards -> advantages, by the configured estimator; samples of weights that are too old have none.

    Raises:
        TooManyScorerErrors: if more samples failed than the config allows.
    """
    config = run.config.grpo
    items = without_stale(groups, run.progress.version, config.staleness)
    drawn, rewards = tuple(item.group for item in items), tuple(item.rewards for item in items)
    values = [[reward.value for reward in group] for group in rewards]
    if config.kl_in == "reward" and config.kl:
        values = less_kl(values, run.team.reference_kl(drawn), config.kl)
    advantages = tuple(map(tuple, ESTIMATORS[config.estimator](values)))
    step = ScoredStep(drawn, rewards, advantages, token_credit(config.credit, drawn, rewards, config.estimator))
    check_errors(step, run.config.rewards.max_error_share)
    return step


def parts_of(scored: ScoredStep, updates: int, ranks: int) -> list[list[LearnItem]]:
    """The step's samples, split by prompt into one part for each optimizer step; without those that leave a rank nothing."""
    size = len(scored.groups) // updates
    cuts = [slice(part * size, (part + 1) * size) for part in range(updates)]
    parts = [learn_items(scored.groups[cut], scored.advantages[cut], scored.parts[cut]) for cut in cuts]
    filled = [part for part in parts if len(part) >= ranks]
    if not filled:
        raise TooManyScorerErrors(f"not one of {updates} optimizer steps has a scored sample for each of {ranks} learner ranks")
    if len(filled) < len(parts):
        warn(f"{len(parts) - len(filled)} of {updates} optimizer steps are left out: too few of their samples were scored")
    return filled


def prompt_batches(run: Run) -> Iterator[list[int]]:
    """Rows of every GRPO step from the next one on."""
    config = run.config.grpo
    draws = mixed_indices(run.splits.train, config.mix, run.config.seed)
    for _ in range(run.progress.step):
        list(islice(draws, config.prompts))
    while True:
        yield list(islice(draws, config.prompts))


def probe_prompt(run: Run) -> Prompt:
    """The prompt that each sync is checked on: always the same, so that a cache left stale shows."""
    rows = run.splits.val
    index = rows.indices_by_task().get("rationale", [0])[0]
    return run.team.prompts(rows, [index], "probe")[0]
