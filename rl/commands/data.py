"""`affectree data`: data sets are made and checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as ProgressBar

from rl.commands.data_check import check
from rl.commands.data_trees import trees
from rl.record.console import console, say

app = typer.Typer(no_args_is_help=True, help="Make and check data sets.")
make_app = typer.Typer(no_args_is_help=True, help="Make a data set.")
app.add_typer(make_app, name="make")
app.command()(trees)
app.command()(check)


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


@make_app.command("emo-cfg")
def emo_cfg(
    out: Annotated[Path, typer.Option(help="Folder to write; must be empty or missing.")],
    clips: Annotated[int, typer.Option(help="Training clips; test gets half as many.", min=2)] = 8,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.", min=0)] = 0,
) -> None:
    """Draw a small folder that is laid out like Emo-CFG, the paper's data set, to see its presets work."""
    from rollout.faces.dataset import check_empty
    from rollout.faces.emo_cfg import make_emo_cfg

    check_empty(out)
    say(f"drew {make_emo_cfg(out, clips, seed)}")
