"""`affectree data check`: all rows of a data set, their media and their gold are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from rewards.cli import Parameters, read_pairs
from rewards.errors import UserError
from rewards.plugins.spec import FunctionSpec
from rl.config.clips import clip_spec
from rl.config.schema import Config, DataConfig
from rl.record.console import console, say, warn
from rl.record.time_left import phase

if TYPE_CHECKING:
    from rl.data_check.lengths import Checkpoint, Limit
    from rl.data_check.run import Request
    from rl.data_check.summary import Summary
    from rollout.lengths import Bounds
    from rollout.rows.data import RowData
    from rollout.rows.progress import Telling
    from rollout.rows.reading import Reading


@dataclass(frozen=True)
class Options:
    """What was typed beside the names."""

    model: str | None
    decode: bool
    rejects: Path | None


def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Files of rows, folders or quoted patterns; with --config, settings as key=value.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration of a run: its rows are checked for what it does.")] = None,
    model: Annotated[str | None, typer.Option(help="Checkpoint that measures prompts; with --config, the run's own.")] = None,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every video and image, as a run does.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="File for the rows that cannot be used; warnings go beside it.")] = None,
    html: Annotated[Path | None, typer.Option(help="File for the summary as a page.")] = None,
    media_root: Annotated[Path | None, typer.Option(help="Where relative paths of videos and images start.")] = None,
    row_format: Annotated[str, typer.Option("--format", help="How rows are read, as data.format says it.")] = "auto",
    parameter: Parameters = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="Column that rows call otherwise, such as answer=solution.")
    ] = None,
) -> None:
    """Look at all rows: what is in them, what is wrong with which, and whether training may start."""
    from rl.data_check.page import write_page
    from rl.data_check.run import check_data_set
    from rl.data_check.view import summary_view
    from rollout.rows.progress import Telling
    from rollout.rows.reading import Reading

    telling = Telling(say, warn, phase)
    options = Options(model, decode, rejects)
    if config is not None:
        if media_root or parameter or column or row_format != "auto":
            raise UserError("--config says how rows are read; give data.format, data.columns and data.media_root as key=value")
        request = _of_config(config, names or [], options, telling)
    elif names:
        columns = {ours: str(theirs) for ours, theirs in read_pairs("--column", column).items()}
        reading = Reading(FunctionSpec(row_format, read_pairs("--parameter", parameter)), columns, media_root)
        request = _of_names(names, reading, options, telling)
    else:
        raise UserError("nothing to check; name files of rows, folders or patterns, or a run's configuration by --config")
    summary = check_data_set(request, telling)
    for table in summary_view(summary):
        console.print(table)
    if summary.kinds:
        console.print(Text(f"in full: {request.rejects}, {request.warnings}"))
    if html is not None:
        write_page(summary, html)
        console.print(Text(f"page: {html}"))
    if not summary.may_start:
        Console(stderr=True, soft_wrap=True).print(Text(f"error: {_why(summary, request)}", style="bold red"))
        raise typer.Exit(1)


def _of_names(names: Sequence[str], reading: Reading, options: Options, telling: Telling) -> Request:
    """What is to be checked of files, folders and patterns. Gold is tried on the scorers that a run has by default."""
    from rewards.bases import settings_file
    from rewards.mix_settings import read_mix
    from rl.data_check.lengths import trained_positions
    from rl.data_check.opening import open_named
    from rl.data_check.run import Request, default_rejects

    return Request(
        opened=open_named(names, reading, telling),
        entries=tuple(read_mix(settings_file("rewards/default"))),
        clip=clip_spec(DataConfig()),
        decode=options.decode,
        rejects=options.rejects or default_rejects(*names),
        checkpoint=_checkpoint(Config(), options.model),
        limits=trained_positions,
    )


def _of_config(file: Path, words: Sequence[str], options: Options, telling: Telling) -> Request:
    """What is to be checked for a run."""
    from rl.config.load import load_config
    from rl.config.schema import scorer_entries
    from rl.data_check.opening import open_config
    from rl.data_check.run import Request, default_rejects
    from rl.data_check.uses import Uses
    from rl.run.preparation import draw_faces, named_model
    from rl.run.task_check import check_tasks, unused_patterns

    config = load_config(file, words)
    draw_faces(config.data)
    opened = open_config(config.data, telling)
    train, val, test = (split.rows for split in opened.splits)
    remarks, refusals = list(unused_patterns(config, train, val, test)), list[str]()
    try:
        remarks += check_tasks(config, train, val, test)
    except UserError as error:
        refusals.append(str(error))
    checkpoint = _checkpoint(config, options.model or named_model(config))
    if checkpoint is None:
        remarks.append("how long prompts are is not known before the run has built its tiny model; name a checkpoint by --model")

    def limits(split: str, rows: RowData, bounds: Bounds) -> Iterable[Limit]:
        from rl.run.row_limits import uses_of  # here, since it brings Ray

        return uses_of(config, split, rows, bounds)

    return Request(
        opened=opened,
        entries=tuple(scorer_entries(config)),
        clip=clip_spec(config.data),
        decode=options.decode,
        rejects=options.rejects or default_rejects(str(file), *words),
        uses=Uses.of(config),
        checkpoint=checkpoint,
        limits=limits,
        refuse_long=config.data.too_long == "refuse",
        remarks=tuple(remarks),
        refusals=tuple(refusals),
    )


def _checkpoint(config: Config, model: str | None) -> Checkpoint | None:
    from rl.data_check.lengths import Checkpoint

    if model is None:
        return None
    dtype = config.rollout.dtype or config.model.dtype
    return Checkpoint(model, clip_spec(config.data), dtype, config.model.trust_remote_code)


def _why(summary: Summary, request: Request) -> str:
    """Why training would not start, in one line."""
    if not summary.unusable:
        return summary.refusals[0]
    first = next(kind.examples[0] for kind in summary.of("error"))
    if summary.unusable == 1:
        return first
    return f"{summary.unusable} of {summary.rows} rows cannot be used; the first: {first} (all of them: {request.rejects})"
