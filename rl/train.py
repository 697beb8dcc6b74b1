"""A whole run: curriculum tuning, then GRPO, with held-out evaluation before, between and after.

rows ─► prompts ─► engines ─► groups ─► reward workers ─► advantages ─► learner ─► weights ─► engines …
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice

from actors.cluster import connect, resources
from actors.logs import LOGS
from actors.reward_worker import ScoredGroup
from rewards.errors import UserError
from rl.advantages import ESTIMATORS, less_kl
from rl.ahead import Ahead
from rl.config import Config
from rl.console import say, warn
from rl.credit import part_advantages
from rl.curriculum import tuning_steps
from rl.doctor.diagnosis import refuse
from rl.doctor.services import may_grow, room
from rl.environment import worker_environment
from rl.forecast import AFTER_STEPS, forecast, plan
from rl.interrupts import interrupt_of
from rl.learner_spec import LearnItem
from rl.metrics import ScoredStep, reward_metrics, step_line, timing_metrics
from rl.preparation import Splits
from rl.resampling import replace_equal
from rl.results import Results, best_so_far, conclude
from rl.rollout_files import write_rollouts
from rl.run_directory import Progress, RunDirectory, advanced, write_folder
from rl.sampling import grpo_sampling
from rl.schedules import cosine
from rl.staleness import age_metrics, without_stale
from rl.team import Team, evaluated_rows, launch, learn_items
from rl.time_left import phase
from rl.timing import EngineClock, Stopwatch
from rl.tracking import Tracker
from rollout.mixing import mixed_indices
from rollout.samples import Prompt


class TooManyScorerErrors(UserError):
    """More samples of a step could not be scored than the config allows."""


@dataclass(frozen=True)
class StepPrompts:
    """What a step asks."""

    step: int
    rows: Sequence[int]
    prompts: Sequence[Prompt]


@dataclass
class Run:
    """What the phases of a run share."""

    config: Config
    directory: RunDirectory
    splits: Splits
    tracker: Tracker
    team: Team
    results: Results
    progress: Progress = field(default_factory=Progress)


def train(config: Config, directory: RunDirectory, splits: Splits) -> Results:
    """Do a run, or go on with one from its last checkpoint. Returns what was measured."""
    on_cpu = not (config.learner.gpus or config.rollout.gpus)
    environment = worker_environment(on_cpu) | {LOGS: str(directory.logs)}
    joined = connect(config.cluster.address, config.cluster.object_store_gib, environment)
    say(joined)
    refuse([room(config, resources(), joined, may_grow(os.environ))])
    tracker = Tracker(config, directory, warn)
    results = Results.open(config, directory, splits, tracker)
    try:
        with launch(config, directory, splits) as team:
            tracker.start(results.parameters() | {f"scorer_sha256.{k}": v for k, v in team.scorer_hashes.items()})
            run = Run(config, directory, splits, tracker, team, results)
            resume(run)
            if run.progress.phase == "tune":
                tune(run)
            grpo(run)
            conclude(run)
    except BaseException as error:
        tracker.finish("KILLED" if interrupt_of(error) else "FAILED")
        raise
    tracker.finish()
    return results


def resume(run: Run) -> None:
    """Go on from the last checkpoint, if there is one, or measure what the untrained model can do."""
    probe = probe_prompt(run)
    last = run.directory.last_checkpoint()
    if last is not None:
        folder, run.progress = last
        run.team.learners.load_state(str(folder))
        dropped = run.directory.forget_after(run.progress)
        say(f"going on after {run.progress.phase} step {run.progress.step} ({dropped} later metric lines dropped)")
        tell_plan(run)
        run.team.sync(run.progress.version, probe)
        return
    run.directory.forget_after(run.progress)
    tell_plan(run)
    run.team.sync(0, probe)
    if "init" not in run.results.summary["stages"]:
        with run.results.timed("evaluate"):
            run.results.stage("init", run.team.evaluate(run.splits.test, "init"))
        run.results.note_pace("init", looked_at(run))


def tell_plan(run: Run) -> None:
    """Say what follows."""
    say(plan(run.config, run.progress, looked_at(run)))


def looked_at(run: Run) -> int:
    """Held-out rows of each evaluation."""
    return len(evaluated_rows(run.config.evaluation.rows, run.splits.test))


def tune(run: Run) -> None:
    """Curriculum tuning by the learner ranks."""
    stages = run.config.curriculum.stages
    total = sum(stage.steps for stage in stages.values())
    with run.results.timed("tune"), phase("tune", total, run.progress.step) as shown:
        for step in tuning_steps(stages, run.splits.train, run.config.seed):
            if step.number <= run.progress.step:
                continue
            began = time.perf_counter()
            stats = run.team.learners.tune(step.rows, step.learning_rate)
            metrics = {f"tune/{name}": value for name, value in stats.items()}
            metrics |= {"tune/learning_rate": step.learning_rate, "tune/seconds": time.perf_counter() - began}
            run.directory.log_metrics({"phase": "tune", "step": step.number, "stage": step.stage, "metrics": metrics})
            run.tracker.log(metrics, step.number, flush=False)
            run.progress = advanced(run.progress, step=step.number)
            shown.step(f"{step.stage} | loss {stats['loss']:.3f} | {metrics['tune/seconds']:.2f} s/step")
            if step.number == AFTER_STEPS and run.results.drawn_tokens and shown.left.seconds_a_step:
                say(forecast(run.config, run.results.drawn_tokens, shown.left.seconds_a_step))
            if due(step.number, run.config.checkpoints.tune_every) and step.number < total:
                checkpoint(run)
    version = run.progress.version + 1
    run.team.sync(version, probe_prompt(run))
    with run.results.timed("evaluate"):
        run.results.stage("tuned", run.team.evaluate(run.splits.test, "tuned"))
    write_folder(run.directory.tuned_model, lambda folder: run.team.learners.call("save_model", str(folder)))
    run.team.learners.restart(str(run.directory.tuned_model))
    run.team.sync(version, probe_prompt(run))  # what engines have is then what the learner has, to the last bit
    run.progress = Progress("grpo", 0, version)
    checkpoint(run)


def grpo(run: Run) -> None:
    """The GRPO loop: generate, score, learn, sync, over and over."""
    config, team = run.config.grpo, run.team
    if run.progress.step >= config.steps:
        return
    team.learners.call("load_reference", str(run.directory.tuned_model))
    batches, probe = prompt_batches(run), probe_prompt(run)
    clock = EngineClock(team.rollouts)

    def prompts_of(step: int) -> StepPrompts:
        rows = next(batches)
        return StepPrompts(step, rows, team.prompts(run.splits.train, rows, f"step{step}"))

    first = run.progress.step + 1
    with (
        Ahead(first, config.steps, config.staleness, prompts_of, partial(roll_out, run)) as rollouts,
        phase("GRPO", config.steps, done=first - 1, lines=False) as shown,
    ):
        for step in range(first, config.steps + 1):
            with run.results.timed("grpo"):
                watch = Stopwatch()
                rollouts.start()
                watch.lap("prepare")

                scored = with_advantages(run, rollouts.take())
                watch.lap("generate")

                rate = cosine(step - 1, config.steps, config.learning_rate, config.final_learning_rate, config.warmup)
                stats = team.learners.update(parts_of(scored, config.updates, run.config.learner.ranks), rate)
                watch.lap("learn")

                synced = team.sync(run.progress.version + 1, probe)
                watch.lap("sync")

            metrics = reward_metrics(scored) | age_metrics(scored.groups, run.progress.version, config.staleness)
            metrics |= timing_metrics(watch.seconds, metrics["rollout/tokens"]) | {"rollout/idle_share": clock.idle_share()}
            metrics |= {f"learner/{name}": value for name, value in stats.items()} | {"learner/learning_rate": rate}
            metrics |= synced.metrics()
            alarm(run.config, stats["logprob_diff_max"])
            run.progress = advanced(run.progress, step=step, version=run.progress.version + 1)
            if due(step, run.config.evaluation.every):
                metrics |= best_so_far(run)
            shown.step()
            record(run, scored, metrics, str(shown.left))
            if due(step, run.config.checkpoints.every) or step == config.steps:
                checkpoint(run)


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
    step = ScoredStep(drawn, rewards, advantages, part_advantages(config.credit, drawn, rewards, config.estimator))
    check_errors(step, run.config.rewards.max_error_share)
    return step


def check_errors(step: ScoredStep, most: float) -> None:
    """Stop a run whose scorers fail too often. Raises `TooManyScorerErrors`."""
    samples = step.samples()
    if step.failed() > most * samples:
        name, count = step.errors().most_common(1)[0]
        example = next(r.errors[name] for group in step.rewards for r in group if name in r.errors)
        raise TooManyScorerErrors(
            f"scorer {name!r} failed on {count} of {samples} samples of this step (rewards.max_error_share = {most}); "
            f"the first failure: {example}"
        )


def alarm(config: Config, difference: float) -> None:
    """Say if engine and learner gave a sampled token different log-probs, where they should be the same."""
    grpo, rollout = config.grpo, config.rollout
    truncated = grpo.structured or grpo.top_p < 1 or grpo.top_k > 0
    if rollout.max_logprob_diff is None or truncated or grpo.staleness or rollout.in_flight == "keep":
        return
    if difference > rollout.max_logprob_diff:
        warn(
            f"engine and learner differ by {difference:.2e} in the log-prob of a sampled token (rollout.max_logprob_diff = "
            f"{rollout.max_logprob_diff:g}); see learner/logprob_diff_over and docs/troubleshooting.md"
        )


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


def record(run: Run, scored: ScoredStep, metrics: dict[str, float], left: str) -> None:
    """Write down a step: rollouts and metrics.jsonl first, then MLflow, then the console, with the time left."""
    step = run.progress.step
    write_rollouts(run.directory.rollouts / f"step_{step}.parquet", step, scored)
    run.directory.log_metrics({"phase": "grpo", "step": step, "metrics": metrics})
    run.tracker.log(metrics, step)
    run.tracker.trace(scored, step)
    say(" | ".join(filter(None, (step_line(step, run.config.grpo.steps, metrics), left))))


def checkpoint(run: Run) -> None:
    """Save what going on needs."""
    keep = run.config.checkpoints.keep
    run.directory.save_checkpoint(run.progress, lambda folder: run.team.learners.call("save_state", str(folder)), keep)
    run.directory.drop_other_bests(run.progress.best_step)


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


def due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
