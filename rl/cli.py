"""The command line: `affectree`."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

if sys.platform == "win32":  # where what follows cannot even be imported
    sys.stderr.write("error: affectree needs Linux; use WSL 2 or a container\n")
    raise SystemExit(2)

from actors.environment import prepare_process

prepare_process()

from rewards.cli import app as reward_app  # noqa: E402
from rl.commands.data import app as data_app  # noqa: E402
from rl.commands.evaluate import evaluate  # noqa: E402
from rl.commands.export import export  # noqa: E402
from rl.commands.reason import reason  # noqa: E402
from rl.commands.replay import replay  # noqa: E402
from rl.commands.track import app as track_app  # noqa: E402
from rl.commands.train import train  # noqa: E402
from rl.config.load import load_config  # noqa: E402
from rl.record.console import console  # noqa: E402
from rl.record.endings import end  # noqa: E402

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
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
app.command()(reason)
app.command()(train)
app.command("eval")(evaluate)
app.command()(export)
app.command()(replay)
app.add_typer(track_app, name="track")
app.add_typer(config_app, name="config")
app.add_typer(reward_app, name="reward")

Overrides = Annotated[list[str] | None, typer.Argument(help="Settings as key=value, over the file's.")]


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
    from rl.record.report import write_report
    from rl.record.runs.directory import RunDirectory

    directory, _ = RunDirectory.open(run)
    console.print(str(write_report(directory)))


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
