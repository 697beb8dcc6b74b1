"""A whole run: supervised tuning by stages, then GRPO, with held-out evaluation before, between and after.

rows ─► prompts ─► engines ─► groups ─► reward workers ─► advantages ─► learner ─► weights ─► engines …
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

from actors.cluster import resources
from rl.config.rates import learning_rate
from rl.config.schema import Config
from rl.doctor.diagnosis import refuse
from rl.doctor.services import may_grow, room
from rl.record.console import say
from rl.record.files import write_folder
from rl.record.metrics import Stopwatch, sft_metrics, step_metrics
from rl.record.model_card.card import write_cards
from rl.record.report import write_report
from rl.record.results import Results
from rl.record.runs.directory import RunDirectory
from rl.record.time_left import phase
from rl.run.begin import begin
from rl.run.checks import alarm, check_finite
from rl.run.evaluator import best_so_far, evaluate, evaluate_reasoned, tell_plan
from rl.run.joining import join
from rl.run.learning import advantage, learn
from rl.run.prefetch import Prefetcher
from rl.run.preparation import Splits
from rl.run.sft import done_in_turn, sft_steps
from rl.run.state import Run, is_due
from rl.run.steps import ask, roll_out, steps_left


def train(config: Config, directory: RunDirectory, splits: Splits) -> Results:
    """Do a run, or go on with one from its last checkpoint. Returns what was measured."""
    join_cluster(config, directory)
    with begin(config, directory, splits) as run:
        resume(run)
        if run.progress.phase == "tune":
            sft(run)
        grpo(run)
        conclude(run)
    return run.results


def join_cluster(config: Config, directory: RunDirectory) -> None:
    """Connect to the cluster that the config means, and refuse one that has no room for the run."""
    joined = join(config, directory.logs)
    say(joined)
    refuse([room(config, resources(), joined, may_grow(os.environ))])


def resume(run: Run) -> None:
    """Go on from the last checkpoint, or measure what the untrained model can do. Waits for the first sync."""
    resumed = run.load_checkpoint()
    tell_plan(run)
    run.sync()
    if not resumed and "init" not in run.results.summary["stages"]:
        evaluate(run, "init")


def sft(run: Run) -> None:
    """Tune the policy on rows of one stage after the other. While one step is written down, the ranks do the next."""
    stages = run.config.curriculum.stages
    total = sum(stage.length for stage in stages.values())
    with run.results.timed("tune"), phase("tune", total, run.progress.step) as shown:
        steps = sft_steps(stages, run.splits.train, run.config.seed, run.progress.step, run.config.batch.rows_together)
        watch = Stopwatch()
        for step, stats in done_in_turn(steps, run.workers.learners, run.splits.train, run.checkpoint_comes_after):
            check_finite(stats, f"tuning step {step.number}")
            run.record_sft(step, sft_metrics(stats, step.learning_rate, watch.lap("sft")), shown)
            if run.checkpoint_due() and step.number < total:
                run.checkpoint()
    run.sync(new=True)
    evaluate(run, "tuned")
    run.restart_from_tuned()
    run.checkpoint()


def grpo(run: Run) -> None:
    """The GRPO loop. A step consumes the groups of its prompts, which `grpo.staleness` lets the engines draw that many steps
    ahead, and waits for them, then for all learner ranks, then for all engines to have the new weights."""
    if not steps_left(run):
        return
    config, workers = run.config, run.workers
    workers.learners.load_reference(run.directory.tuned_model)
    workers.engines.idle_share()  # counts from here, as do hits of caches and what the judge is asked
    workers.engines.hit_rates()
    workers.judge_metrics()
    with (
        Prefetcher(steps_left(run), config.grpo.staleness, ask(run), partial(roll_out, run)) as rollouts,
        phase("GRPO", config.grpo.steps, done=run.progress.step, lines=False) as shown,
    ):
        for step in steps_left(run):
            with run.results.timed("grpo"):
                watch = Stopwatch()
                rollouts.start()
                watch.lap("prepare")

                scored = rollouts.take()  # generated and scored
                groups = advantage(run, scored)
                watch.lap("generate")

                rate = learning_rate(config.grpo, step)
                updated = learn(run, groups, rate)
                check_finite(updated, f"GRPO step {step}")
                watch.lap("learn")

                version = run.progress.version
                synced = run.sync(new=True)
                watch.lap("sync")

            alarm(config, updated)
            metrics = step_metrics(groups, updated, synced.metrics(), watch.seconds, version, config.grpo.staleness)
            metrics |= {"learner/learning_rate": rate, "rollout/idle_share": workers.engines.idle_share()}
            metrics |= workers.engines.hit_rates() | workers.judge_metrics()
            run.progress = replace(run.progress, step=step)
            if is_due(step, config.evaluation.every):
                metrics |= best_so_far(run)
                workers.engines.hit_rates()  # those of an evaluation are not a step's
            run.record(groups, version, metrics, shown)
            if run.checkpoint_due():
                run.checkpoint()


def conclude(run: Run) -> None:
    """Evaluate what GRPO made of the model, write it out, and show and attach the results."""
    directory, workers, results = run.directory, run.workers, run.results
    if run.config.grpo.steps:
        if run.progress.best_step not in (0, run.progress.step):
            workers.learners.load_state(directory.best(run.progress.best_step))
            run.progress = replace(run.progress, version=run.progress.version + 1)
            say(f"taking the weights of step {run.progress.best_step}, the best on the val split")
            workers.sync.load(run.progress.version)
        evaluate(run, "grpo")
    write_folder(directory.model, partial(workers.learners.save_model, tuned=directory.tuned_model))
    if reasoning := run.config.evaluation.reasoning:
        evaluate_reasoned(run, reasoning)
    results.save()
    write_cards(directory, run.config, run.progress)
    write_report(directory)
    results.show()
    say(f"model: {directory.model}")
    say(f"report: {directory.report_file}")
