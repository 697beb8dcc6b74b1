"""`affectree train`: a run is begun, gone on with, or forked from another."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.errors import UserError
from rl.config.load import load_config
from rl.config.paths import absolute
from rl.config.schema import Config
from rl.record.console import say, warn
from rl.record.interrupts import interrupt_of

if TYPE_CHECKING:
    from rl.record.runs.beginning import Beginning
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.fork import Fork
    from rl.record.runs.resumption import Resumption
    from rl.run.preparation import Splits


def train(
    config: Annotated[str | None, typer.Argument(help="YAML configuration, of a new run.")] = None,
    settings: Annotated[list[str] | None, typer.Argument(help="Settings as key=value, over the file's or the run's.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this directory.")] = None,
    fork: Annotated[Path | None, typer.Option(help="Begin a new run from a checkpoint of the run in this directory.")] = None,
    at: Annotated[
        str | None, typer.Option(help="The checkpoint for --fork: a GRPO step, or a name such as tune_000120; else the last.")
    ] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave out rows that cannot be used.")] = False,
) -> None:
    """Tune and train a policy: `affectree train configs/quickstart.yaml seed=1`."""
    from rl.record.runs.beginning import Beginning
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.fork import forked
    from rl.record.runs.owner import owned
    from rl.record.runs.resumption import resumed

    words = [*(settings or []), *(["data.bad_rows=skip"] if skip_bad_rows else [])]
    if resume is None and fork is None:
        if at is not None:
            raise UserError("--at names a checkpoint for --fork; add --fork RUN")
        begin(Beginning(load_config(Path(config) if config else None, words), words))
        return
    words = [*([] if config is None else [config]), *words]
    _check_options(resume, fork, at, words)
    if fork is not None:
        begin(forked(fork, at, words))
    elif resume is not None:
        with owned(RunDirectory.existing(resume)):  # before anything else is read
            go_on(resumed(resume, words))


def _check_options(resume: Path | None, fork: Path | None, at: str | None, words: Sequence[str]) -> None:
    """Refuse what does not go with --resume or --fork."""
    if resume and fork:
        raise UserError("--resume goes on with a run, --fork begins one from it; give one of them")
    if resume and at is not None:
        raise UserError("--resume goes on from the last checkpoint; --fork RUN --at STEP begins a new run from an earlier one")
    if files := [word for word in words if "=" not in word]:
        raise UserError(f"{files[0]}: a run is taken with its own configuration; give settings as key=value, and no file")


def begin(new: Beginning | Fork) -> None:
    """Do a new run."""
    from rl.record.runs.owner import owned
    from rl.run.inputs import note_inputs

    config = absolute(new.config, Path.cwd())
    splits = _prepare(config, None, new.told, begun=not new.draws)
    directory = new.make()
    with owned(directory):
        note_inputs(config, directory, splits)
        _run(config, directory, splits)


def go_on(resumption: Resumption) -> None:
    """Go on with a run, if there is something left to do."""
    from rl.run.inputs import compare_inputs

    config, directory = resumption.config, resumption.directory
    if resumption.is_finished:
        if resumption.changes:
            resumption.keep()
        more = f"affectree train --resume {shlex.quote(str(directory.path))} grpo.steps=…"
        say(f"{directory.path}: this run is finished, with {config.grpo.steps} GRPO steps; to prolong it: {more}")
        return
    splits = _prepare(config, directory.path, resumption.told, begun=True)
    compare_inputs(config, directory, splits)
    resumption.keep()
    _run(config, directory, splits)


def _prepare(config: Config, run: Path | None, told: Sequence[str], begun: bool) -> Splits:
    """Look at the machine and the cluster, then at the rows, before anything is written or started."""
    for line in told:
        say(line)
    look_at_machine(config, run)
    from actors.cluster import check_packages, find_cluster
    from rl.run.preparation import prepare_data

    check_packages()
    find_cluster(config.cluster.address)  # before anything is drawn for a cluster that is not there
    return prepare_data(config, begun)


def _run(config: Config, directory: RunDirectory, splits: Splits) -> None:
    """Train in the run's folder; what ends it early is told with what to do."""
    from actors.cluster import disconnect
    from rl.record.log import run_log
    from rl.record.runs.resumption import note_finished
    from rl.train import train as run_training

    say(f"run directory: {directory.path}")
    with run_log(directory.logs) as log:
        try:
            run_training(config, directory, splits)
            note_finished(directory, config)
        except BaseException as error:
            resume_it = f"go on with: affectree train --resume {shlex.quote(str(directory.path))}"
            error.add_note(resume_it if interrupt_of(error) else f"full traceback: {log}")
            raise
        finally:
            disconnect()


def look_at_machine(config: Config, run: Path | None) -> None:
    """The quick part of `doctor`: warnings are told, faults end the command before any process has started."""
    from rl.doctor.diagnosis import quick, refuse

    findings = quick(config, run)
    for finding in findings:
        if finding.verdict == "warning":
            warn(str(finding))
    refuse(findings)
