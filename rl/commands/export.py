"""`affectree export`: a run's model, or one on the way there, as a folder to share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rewards.errors import UserError
from rl.record.console import say

if TYPE_CHECKING:
    from rl.config.schema import Config
    from rl.record.runs.checkpoints import Checkpoint
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.progress import Progress

Dtype = Literal["bfloat16", "float32", "float16"]
_CARD = ("README.md", "affectree.yaml")


def export(
    run: Annotated[Path, typer.Argument(help="Run directory; it is not changed, and the run may be going on.")],
    out: Annotated[
        Path | None, typer.Option(help="A new folder; one here that has the name of what is exported if not given.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="A GRPO step, or a checkpoint such as tune_000120; else the model of a finished run.")
    ] = None,
    adapter: Annotated[
        bool, typer.Option("--adapter/--merge", help="Of a run with model.lora: the adapters alone, as peft loads them.")
    ] = False,
    dtype: Annotated[Dtype | None, typer.Option(help="Precision of what is written; that of the run if not given.")] = None,
) -> None:
    """Write a model as the Hugging Face libraries read it, with its card: `affectree export runs/quickstart-… --at 20`."""
    from rl.record.files import write_folder
    from rl.record.log import run_log
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.fork import checkpoint_at

    directory, config = RunDirectory.open(run)
    if adapter and config.model.lora is None:
        raise UserError(f"{directory.path}: this run trains no adapters (model.lora); leave --adapter out")
    checkpoint = None if at is None else checkpoint_at(directory, at)
    parts = [directory.path.name, *([checkpoint.folder.name] if checkpoint else []), "adapter" if adapter else "model"]
    folder = (out or Path("-".join(parts))).absolute()
    _refuse(folder)
    if checkpoint is None:
        fill = _finished(directory, config, dtype, adapter)
    else:
        fill = _on_the_way(directory, config, checkpoint, dtype, adapter)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="affectree-export-") as logs, run_log(Path(logs)):  # libraries say much
        write_folder(folder, fill)
    say(f"{'adapters' if adapter else 'model'}: {folder}")


def _refuse(folder: Path) -> None:
    """Refuse a folder that holds something, or is none."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise UserError(f"{folder}: is there already; name another --out, or remove it")


def _finished(directory: RunDirectory, config: Config, dtype: Dtype | None, adapter: bool) -> Callable[[Path], None]:
    """What fills a folder with the run's model, and with the card that this has."""
    if not directory.model.is_dir():
        there = ", ".join(folder.name for folder in directory.checkpoints.folders()) or "none yet"
        raise UserError(f"{directory.path}: this run has no model yet; --at takes one of its checkpoints ({there})")

    def fill(folder: Path) -> None:
        from rl.learner.exporting import export_folder
        from rl.record.runs.progress import Progress

        export_folder(directory.model, folder, dtype, adapter)
        source = directory.model / "adapter" if adapter else directory.model
        if all((source / file).is_file() for file in _CARD):
            for file in _CARD:
                shutil.copyfile(source / file, folder / file)
        else:
            last = directory.checkpoints.last()
            _write_card(folder, directory, config, last.progress if last else Progress("grpo", config.grpo.steps), True, adapter)

    return fill


def _on_the_way(
    directory: RunDirectory, config: Config, checkpoint: Checkpoint, dtype: Dtype | None, adapter: bool
) -> Callable[[Path], None]:
    """What fills a folder with the model of a checkpoint, and with a card."""
    from rl.run.preparation import named_model

    tuned = directory.tuned_model if checkpoint.progress.phase == "grpo" else None
    began = named_model(config) or str(directory.initial_model)

    def fill(folder: Path) -> None:
        from rl.learner.exporting import State, export_folder, export_state

        if tuned and not checkpoint.has_state:
            export_folder(tuned, folder, dtype, adapter)
        else:
            export_state(State(checkpoint.folder, began, tuned, config.model), folder, dtype, adapter)
        _write_card(folder, directory, config, checkpoint.progress, False, adapter)

    return fill


def _write_card(folder: Path, directory: RunDirectory, config: Config, progress: Progress, finished: bool, adapter: bool) -> None:
    from rl.record.model_card.card import Carded, write_card

    write_card(folder, directory, config, Carded(progress, finished, adapter))
