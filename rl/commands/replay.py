"""`affectree replay`: a run's steps are learned from again, to look at a scorer, an estimator, a credit rule or a loss."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from rl.record.console import console, say, warn
from rl.record.interrupts import interrupt_of


def replay(
    run: Annotated[Path, typer.Argument(help="Run directory; it is not changed, and the run may be going on.")],
    settings: Annotated[list[str] | None, typer.Argument(help="Settings as key=value, over the run's.")] = None,
    steps: Annotated[str | None, typer.Option(help="GRPO steps, such as 3, 3:5, :5 or 3:; the last one by default.")] = None,
    rescore: Annotated[bool, typer.Option("--rescore", help="Give rewards anew, also where nothing about them changed.")] = False,
    weights: Annotated[
        bool, typer.Option("--weights", help="Compare the weights after the last step with the run's checkpoint of it.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A new folder for metrics.jsonl and rollouts with the new rewards.")] = None,
) -> None:
    """Learn from recorded rollouts again, without engines: `affectree replay runs/quickstart-… grpo.loss=mine.py:loss`."""
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.history import sessions
    from rl.run.replay.asked import asked_steps
    from rl.run.replay.output import Output
    from rl.run.replay.settings import changed_later, replay_settings

    directory = RunDirectory.existing(run)
    directory.restore_config()  # refuses an edited one
    for line in directory.sources.stand_in().values():
        warn(line)
    asked = asked_steps(directory, steps)
    chosen = replay_settings(directory, settings or [], asked.begin.checkpoint is not None)
    for line in changed_later(sessions(directory.state()), chosen, asked.begin.step + 1):
        warn(line)
    for key, one in directory.sources.changed(chosen.replayed).items():
        if key.startswith("grpo."):
            warn(f"{key}: {one.path or one.target} has changed since the run, and is used as it is now")
    if weights:
        directory.checkpoints.at("grpo", asked.steps[-1])
    output = Output(out, directory) if out else None

    from actors.cluster import check_packages, disconnect
    from rl.record.log import run_log
    from rl.run.joining import join
    from rl.run.replay.prompts import training_rows
    from rl.run.replay.replaying import begun, replayed_steps, weight_difference
    from rl.run.replay.scoring import scoring, why_anew
    from rl.run.replay.view import largest_difference, step_table

    check_packages()
    rows = training_rows(chosen.replayed)
    logs = Path(tempfile.mkdtemp(prefix="affectree-replay-"))
    with run_log(logs) as log, ExitStack() as started:
        try:
            why = why_anew(directory, chosen, rescore)
            say(f"rewards are given anew: {why}" if why else "rewards are as recorded")
            say(join(chosen.replayed, logs))
            started.callback(disconnect)
            anew = started.enter_context(scoring(chosen.replayed, rows.most_media)) if why else None
            replaying = started.enter_context(begun(directory, asked, chosen, rows, anew))
            for step in replayed_steps(asked, replaying):
                console.print(step_table(step))
                say(largest_difference(step))
                if output:
                    output.write(step)
            if weights:
                say(weight_difference(directory, asked.steps[-1], replaying.learners, chosen.replayed.cluster.start_timeout))
        except BaseException as error:
            if interrupt_of(error) is None:
                error.add_note(f"full traceback: {log}")
            raise
    shutil.rmtree(logs)
