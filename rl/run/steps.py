"""The first half of a GRPO step: ask and roll out. The second: `learning.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from rl.algo.filters import replace_equal
from rl.config.schema import GrpoConfig
from rl.run.specs import grpo_sampling
from rl.run.state import Run
from rollout.rows.data import RowData
from rollout.rows.mixing import mixed_indices
from rollout.samples import Prompt, ScoredGroup
from rollout.seeds import derived


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
    batches = prompt_batches(rows, run.config.grpo, run.config.seed, run.progress.step, run.config.batch.prompts_together)

    def prompts_of(step: int) -> StepPrompts:
        chosen = next(batches)
        return StepPrompts(step, chosen, run.workers.prompts(rows, chosen, f"step{step}"))

    return prompts_of


def prompt_batches(rows: RowData, grpo: GrpoConfig, seed: int, done: int, together: int | None = None) -> Iterator[list[int]]:
    """The rows of each GRPO step after those that are done, so that a resumed run asks what it would have asked.

    Args:
        rows: the training rows.
        grpo: says how many, and of which mix.
        seed: sets the order.
        done: number of steps that are done and left out.
        together: how many prompts about one clip are drawn one after the other, at most; None for row by row.
    """
    draws = mixed_indices(rows, grpo.mix, derived(seed, "prompts"), done * grpo.prompts, together)
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
    draws = mixed_indices(rows, run.config.grpo.mix, derived(run.config.seed, "resampling", step, again))
    candidates = dict.fromkeys(islice(draws, 4 * (count + len(used))))
    chosen = sorted(candidates, key=lambda row: row in used)[:count]  # stable: in the order of the draw
    used.update(chosen)
    return sample(run, run.workers.prompts(rows, list(islice(cycle(chosen), count)), f"step{step}again{again}"))
