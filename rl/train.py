"""A whole run: curriculum tuning, then GRPO, with held-out evaluation before, between and after.

rows ─► prompts ─► engines ─► groups ─► reward workers ─► advantages ─► learner ─► weights ─► engines …
"""

from __future__ import annotations

import os
import time
from functools import partial

from actors.cluster import connect, resources
from actors.environment import worker_environment
from actors.logs import LOGS
from actors.pool.pool import EngineClock
from rl.algo.schedules import cosine
from rl.config.schema import Config
from rl.doctor.diagnosis import refuse
from rl.doctor.services import may_grow, room
from rl.record.console import say, warn
from rl.record.directory import Progress, RunDirectory, advanced, write_folder
from rl.record.interrupts import interrupt_of
from rl.record.metrics import Stopwatch, age_metrics, reward_metrics, timing_metrics
from rl.record.report import write_report
from rl.record.results import Results
from rl.record.time_left import phase
from rl.record.tracking import Tracker
from rl.run.checks import alarm
from rl.run.evaluator import best_so_far
from rl.run.forecast import AFTER_STEPS, forecast, plan
from rl.run.prefetch import Prefetcher
from rl.run.preparation import Splits
from rl.run.sft import sft_steps
from rl.run.state import Run, checkpoint, due, record
from rl.run.steps import StepPrompts, parts_of, probe_prompt, prompt_batches, roll_out, with_advantages
from rl.run.workers import launch
from rollout.mixing import evaluated_rows


def train(config: Config, directory: RunDirectory, splits: Splits) -> Results:
    """Do a run, or go on with one from its last checkpoint. Returns what was measured."""
    on_cpu = not (config.learner.gpus or config.rollout.gpus)
    environment = worker_environment(on_cpu) | {LOGS: str(directory.logs)}
    joined = connect(config.cluster.address, config.cluster.object_store_gib, environment)
    say(joined)
    refuse([room(config, resources(), joined, may_grow(os.environ))])
    tracker = Tracker(config, directory, warn)
    results = Results.open(
        config, directory, [splits.test[i] for i in evaluated_rows(config.evaluation.rows, splits.test)], tracker
    )
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
        for step in sft_steps(stages, run.splits.train, run.config.seed):
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
        Prefetcher(first, config.steps, config.staleness, prompts_of, partial(roll_out, run)) as rollouts,
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


def conclude(run: Run) -> None:
    """Evaluate what GRPO made of the model, write it out, and show and attach the results."""
    directory, team, results = run.directory, run.team, run.results
    if run.config.grpo.steps:
        if run.progress.best_step not in (0, run.progress.step):
            team.learners.load_state(str(directory.best(run.progress.best_step)))
            run.progress = advanced(run.progress, version=run.progress.version + 1)
            say(f"taking the weights of step {run.progress.best_step}, the best on the val split")
            team.load(run.progress.version)
        with results.timed("evaluate"):
            results.stage("grpo", team.evaluate(run.splits.test, "grpo"))
    write_folder(directory.model, lambda folder: team.learners.call("save_model", str(folder)))
    if reasoning := run.config.evaluation.reasoning:
        with results.timed("evaluate"):
            results.stage("reasoned", team.evaluate_reasoned(run.splits.test, "reasoned", reasoning))
    results.save()
    write_report(directory)
    for file in (directory.config_file, directory.summary_file, directory.report_file, directory.metrics_file):
        run.tracker.artifact(file)
    results.show()
    say(f"model: {directory.model}")
    say(f"report: {directory.report_file}")
