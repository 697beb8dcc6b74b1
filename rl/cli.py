"""The command line: `affectree`."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as ProgressBar

if sys.platform == "win32":  # where what follows cannot even be imported
    sys.stderr.write("error: affectree needs Linux; use WSL 2 or a container\n")
    raise SystemExit(2)

from actors.environment import prepare_process

prepare_process()

from rewards.cli import Parameters, read_pairs  # noqa: E402
from rewards.cli import app as reward_app  # noqa: E402
from rewards.errors import UserError  # noqa: E402
from rewards.plugins.spec import FunctionSpec  # noqa: E402
from rl.config.load import load_config  # noqa: E402
from rl.config.schema import Config  # noqa: E402
from rl.record.console import console, say, warn  # noqa: E402
from rl.record.endings import end  # noqa: E402
from rl.record.interrupts import interrupt_of  # noqa: E402

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(no_args_is_help=True, help="Make and check data sets.")
make_app = typer.Typer(no_args_is_help=True, help="Make a data set.")
track_app = typer.Typer(no_args_is_help=True, help="Experiment tracking.")
config_app = typer.Typer(no_args_is_help=True, help="Settings of a run.")


def _say_version(asked: bool) -> None:
    if asked:
        console.print(f"affectree {version('affectree')}")
        raise typer.Exit


@app.callback()
def common(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Affective-tree reinforcement learning of video-language models."""


app.add_typer(data_app, name="data")
data_app.add_typer(make_app, name="make")
app.add_typer(track_app, name="track")
app.add_typer(config_app, name="config")
app.add_typer(reward_app, name="reward")

Overrides = Annotated[list[str] | None, typer.Argument(help="Settings as key=value, over the file's.")]


@app.command()
def train(
    config: Annotated[Path | None, typer.Argument(help="YAML configuration.")] = None,
    settings: Overrides = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this directory.")] = None,
) -> None:
    """Tune and train a policy: `affectree train configs/quickstart.yaml seed=1`."""
    from rl.record.directory import RunDirectory

    if resume is not None:
        if config is not None or settings:
            raise UserError("--resume goes on with the run's own configuration; give no other configuration or settings")
        directory, loaded = RunDirectory.resume(resume)
    else:
        loaded = load_config(config, settings or [])
        directory = None
    look_at_machine(loaded, directory.path if directory else None)
    from actors.cluster import check_packages, disconnect, find_cluster
    from rl.record.log import run_log
    from rl.run.preparation import prepare_data
    from rl.train import train as run_training

    check_packages()
    find_cluster(loaded.cluster.address)  # before anything is drawn for a cluster that is not there
    splits = prepare_data(loaded)
    if directory is None:
        directory = RunDirectory.create(loaded)
    say(f"run directory: {directory.path}")
    with run_log(directory.logs) as log:
        try:
            run_training(loaded, directory, splits)
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


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Argument(help="YAML configuration; without one only the machine is looked at.")] = None,
    settings: Overrides = None,
) -> None:
    """Look at the machine and at all that a configuration names, without starting anything long, and say what to do."""
    from rl.doctor.diagnosis import diagnose
    from rl.doctor.finding import table

    with console.status("looking"):
        findings = diagnose(load_config(config, settings or []) if config or settings else None)
    console.print(table(findings))
    if any(finding.verdict == "fault" for finding in findings):
        raise typer.Exit(1)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="Run directory.")]) -> None:
    """Write a run's report.html again, and say where it is."""
    from rl.record.directory import RunDirectory
    from rl.record.report import write_report

    directory, _ = RunDirectory.open(run)
    console.print(str(write_report(directory)))


@app.command()
def reason(
    clips: Annotated[list[Path], typer.Argument(help="Videos or images of people.", exists=True, dir_okay=False)],
    model: Annotated[Path, typer.Option(help="A run directory, whose model is taken, or a model folder.", exists=True)],
    width: Annotated[int, typer.Option(help="Candidates at each of the three stages.", min=1)] = 4,
    scorer: Annotated[
        str, typer.Option(help="Who chooses: agreement, likelihood, endpoint, or judge, the run's own.")
    ] = "agreement",
    endpoint: Annotated[str | None, typer.Option(help="Base URL of an OpenAI-compatible judge, for --scorer endpoint.")] = None,
    judge_model: Annotated[str | None, typer.Option(help="The judge's model, for --scorer endpoint.")] = None,
    temperature: Annotated[float, typer.Option(help="Sampling temperature of the candidates; above 0.", min=1e-3)] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="Longest rationale.", min=1)] = 512,
    seed: Annotated[int | None, typer.Option(help="Seed of the candidates.", min=0)] = None,
    max_model_len: Annotated[
        int | None,
        typer.Option(help="Tokens of a clip with its rationale at most; the run's rollout.max_model_len if not given.", min=64),
    ] = None,
) -> None:
    """Reason about clips stage by stage: the best attributes, on them the best expressions, on these the best emotion."""
    from rl.config.model_check import check_folder
    from rl.record.directory import RunDirectory
    from rollout.judges import check_judge, judge_of
    from rollout.media import check_media, medium_of

    config, folder = Config(), model
    if (model / "config.yaml").is_file():
        directory, config = RunDirectory.open(model)
        folder = directory.finished_model()
    if scorer == "oracle":
        raise UserError(
            "--scorer oracle compares with gold trees, which clips do not have; use agreement, likelihood, endpoint or judge"
        )
    check_judge(scorer, endpoint, judge_model)
    if scorer != "judge":
        config.rewards.judge = None
    elif config.rewards.judge is None:
        raise UserError("--scorer judge asks the judge of a run that sets rewards.judge; name such a run as --model")
    check_folder(folder)
    for clip in clips:
        check_media(medium_of(clip))
    from rl.record.reasoned_view import reasoned_view
    from rl.run.serving import ReasonSpec, reason_clips

    config.rollout.max_model_len = max_model_len or config.rollout.max_model_len
    max_tokens = min(max_tokens, config.rollout.max_model_len // 2)
    chooser = partial(judge_of, scorer, endpoint, judge_model)
    found = reason_clips(config, folder, clips, ReasonSpec(width, max_tokens, temperature, seed), chooser)
    for clip, one in zip(clips, found, strict=True):
        console.print(reasoned_view(clip, one))


@make_app.command()
def faces(
    out: Annotated[Path, typer.Option(help="Folder to write; must be empty or missing.")],
    clips: Annotated[int, typer.Option(help="Training clips; val and test get a quarter as many each.")] = 1024,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.", min=0)] = 0,
    careless: Annotated[float, typer.Option(help="Share of training rationales with a careless captioner's emotion.")] = 0.0,
) -> None:
    """Draw people: H.264 clips and ms-swift rows for train, val and test."""
    from rollout.faces.dataset import make_faces

    with ProgressBar(console=console, disable=not sys.stdout.isatty()) as bar:
        tasks: dict[str, object] = {}

        def progress(split: str, done: int) -> None:
            if split not in tasks:
                tasks[split] = bar.add_task(split, total=clips if split == "train" else max(8, clips // 4))
            bar.update(tasks[split], completed=done)  # type: ignore[arg-type]

        written = make_faces(out, clips, seed, careless, progress)
    for split, count in written.clips.items():
        say(f"{split}: {count} clips, {written.rows[split]} rows")


@data_app.command("check")
def check_data(
    file: Annotated[Path, typer.Argument(help="Rows: .jsonl, .json or .parquet.")],
    media_root: Annotated[Path | None, typer.Option(help="Where relative paths of videos and images start.")] = None,
    row_format: Annotated[str, typer.Option("--format", help="How rows are read, as data.format says it.")] = "auto",
    parameter: Parameters = None,
    decode: Annotated[bool, typer.Option(help="Decode every clip and image, not only look for it.")] = False,
) -> None:
    """Read a file of rows and say what is in it, or what is wrong with it."""
    from collections import Counter

    from rollout.media import ClipSpec
    from rollout.media import decode as decode_file
    from rollout.rows import open_rows

    rows = open_rows(file, media_root, FunctionSpec(row_format, read_pairs("--parameter", parameter)))
    if decode:
        for medium in dict.fromkeys(medium for row in rows for medium in row.media):
            decode_file(medium, ClipSpec())
    for task, count in sorted(Counter(rows.tasks()).items()):
        console.print(f"{task}: {count} rows")


@track_app.command()
def sync(run: Annotated[Path, typer.Argument(help="Run directory.")]) -> None:
    """Send MLflow what it does not have yet of a run's metrics."""
    from rl.record.directory import RunDirectory
    from rl.record.tracking import Tracker, resend

    directory, config = RunDirectory.open(run)
    tracker = Tracker(config, directory, warn)
    sent = resend(tracker, directory)
    if tracker.failures:
        raise SystemExit(1)
    say(f"{sent} steps are in MLflow at {tracker.uri}")


@config_app.command("explain")
def explain_config(
    key: Annotated[str, typer.Argument(help="Such as grpo.clip_low, or a section such as grpo; all sections if not given.")] = "",
) -> None:
    """Say what a setting means, what it may hold, and what it is if it is not set."""
    from rl.config.explain import explain
    from rl.config.explain_view import explanation_view

    console.print(explanation_view(explain(key)))


def main() -> None:
    """Entry point; `rl/record/endings.py` says how a command ends."""
    raise SystemExit(end(lambda: app(standalone_mode=False)))
