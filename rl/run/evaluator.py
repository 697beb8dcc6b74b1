"""Held-out evaluation and validation of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import ray

from rewards.errors import UserError
from rewards.sample import Reward
from rl.config.completions import longest_completion
from rl.config.schema import ReasoningConfig
from rl.record.console import say, warn
from rl.record.files import write_folder
from rl.record.measures import evaluate_groups
from rl.record.time_left import phase
from rl.run.forecast import plan
from rl.run.judged import caption_scores, judge_captions
from rl.run.specs import greedy_sampling
from rl.run.state import Run
from rollout.judges import judge_of
from rollout.rows.data import RowData
from rollout.rows.mixing import evaluated_rows
from rollout.samples import Group, Prompt, SamplingSpec
from rollout.seeds import derived


class NothingScored(UserError):
    """Scorers failed on every sample of a validation, so that no checkpoint can be chosen."""


def tell_plan(run: Run) -> None:
    """Print what the run will do from here on."""
    say(plan(run.config, run.progress, len(evaluated_rows(run.config.evaluation.rows, run.splits.test))))


def evaluate(run: Run, stage: str) -> None:
    """Measure greedy completions of the test rows of every task that the config evaluates, as a stage of the results."""
    settings, rows = run.config.evaluation, run.splits.test
    chosen = evaluated_rows(settings.rows, rows)
    with run.results.timed("evaluate"):
        groups = complete(run, rows, chosen, stage)
        run.results.stage(stage, evaluate_groups(groups, settings.examples, judge_captions(run, groups)))
    if len(run.results.summary["stages"]) == 1:
        run.results.note_pace(stage, len(chosen))


def evaluate_reasoned(run: Run, settings: ReasoningConfig) -> None:
    """Measure the test rationales, reasoned stage by stage, as the stage `reasoned` of the results."""
    evaluation, rows = run.config.evaluation, run.splits.test
    with run.results.timed("evaluate"):
        prompts = run.workers.prompts(rows, evaluated_rows({"rationale": evaluation.rows["rationale"]}, rows), "reasoned")
        longest = longest_completion(evaluation.max_tokens, "rationale")
        sampling = SamplingSpec(settings.width, longest, settings.temperature, seed=derived(run.config.seed, "reasoning"))
        judge = judge_of(settings.scorer, settings.endpoint, settings.model, run.workers.asked_judge)
        with phase("reason", len(prompts)) as shown:
            found = run.workers.engines.reason(prompts, sampling, [judge(prompt.row) for prompt in prompts], shown.step)
        groups = [one.group(prompt) for one, prompt in zip(found, prompts, strict=True)]
        run.results.stage("reasoned", evaluate_groups(groups, evaluation.examples))


def best_so_far(run: Run) -> dict[str, float]:
    """Measure the val split; keep the learner's state if it is the best yet. Returns metrics."""
    with run.results.timed("validate"):
        reward, measures = validate(run)
        best = run.progress.best
        if reward is not None and run.config.evaluation.keep_best and (best is None or reward > best):
            run.progress = replace(run.progress, best=reward, best_step=run.progress.step)
            write_folder(run.directory.best(run.progress.step), run.workers.learners.save_state)
    rewards = {} if reward is None else {"val/reward": reward}
    return rewards | {f"val/{key}": value for key, value in measures.items()}


def validate(run: Run) -> tuple[float | None, dict[str, float]]:
    """(mean reward, measures) of greedy completions of the val rows; the reward picks the best checkpoint. Raises and tells as
    `mean_reward` does."""
    rows = run.splits.val
    groups = complete(run, rows, evaluated_rows(run.config.evaluation.val_rows, rows), f"val{run.progress.step}")
    found = run.workers.rewards.score([ray.put(group) for group in groups], run.config.rollout.timeout)
    by_key = {group.prompt.key: group for group in found}
    scored = [by_key[group.prompt.key] for group in groups]
    reward = mean_reward([reward for group in scored for reward in group.rewards])
    return reward, evaluate_groups(groups, judged=caption_scores(run.config, scored)).measures


def mean_reward(rewards: Sequence[Reward]) -> float | None:
    """The mean over the val samples that have a reward; None if all scorers abstained on all of them, which is told.

    Raises:
        NothingScored: if no sample has a reward, and scorers failed.
    """
    values = [reward.value for reward in rewards if reward.value is not None]
    if not values and any(reward.errors for reward in rewards):
        raise NothingScored(f"not one of {len(rewards)} samples of the val split could be scored; see `affectree reward check`")
    if not values:
        warn(f"no scorer applies to any of {len(rewards)} samples of the val split; this step is not compared with others")
        return None
    return float(np.mean(values))


def complete(run: Run, rows: RowData, chosen: Iterable[int], name: str) -> list[Group]:
    """One greedy completion of each chosen row, as long as its task may be; `name` begins the prompts' keys."""
    prompts = run.workers.prompts(rows, chosen, name)

    def sampling(prompt: Prompt) -> SamplingSpec:
        return greedy_sampling(run.config.evaluation, prompt.row.task)

    with phase("evaluate", len(prompts)) as shown:
        return run.workers.engines.groups(prompts, sampling, shown.step)
