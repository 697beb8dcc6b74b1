"""`affectree data trees`: rationales in words become rows that teach trees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rewards.cli import Parameters, read_pairs
from rewards.errors import UserError
from rewards.plugins.spec import FunctionSpec
from rl.record.console import say


def trees(
    rows: Annotated[str, typer.Argument(help="Rows with rationales in words: a file, a folder, or a pattern in quotes.")],
    out: Annotated[Path, typer.Option(help="File to write, .jsonl. Rows that give no tree are listed beside it.")],
    task: Annotated[list[str] | None, typer.Option(help="Task to read, or a pattern; rationale_text if not given.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="URL of an OpenAI-compatible judge that reads, in place of rules.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge's name there.")] = None,
    media_root: Annotated[
        Path | None, typer.Option(help="Where relative paths of videos and images start, in ROWS and in what is written.")
    ] = None,
    row_format: Annotated[str, typer.Option("--format", help="How rows are read, as data.format says it.")] = "auto",
    parameter: Parameters = None,
) -> None:
    """Read rationales in words as trees, and write rows that teach these. Called again, it goes on where it was stopped."""
    from rewards.scorers.endpoint import EndpointSpec
    from rl.data_trees.output import put_together
    from rl.data_trees.readers import accuracy_of_rules, by_model, by_rules
    from rl.data_trees.work import open_rationales, read_rows, rows_of
    from rl.record.parts import Parts
    from rollout.rows.reading import Reading

    if (endpoint is None) != (model is None):
        raise UserError("--endpoint and --model go together: name both, or neither to read by rules")
    tasks, parameters = task or ["rationale_text"], read_pairs("--parameter", parameter)
    opened = open_rationales(rows, Reading(FunctionSpec(row_format, parameters), media_root=media_root))
    chosen = rows_of(opened, tasks)
    asked = {"rows": str(Path(rows).absolute()), "of": len(opened), "tasks": tasks, "endpoint": endpoint, "model": model}
    parts = Parts(out, {**asked, "format": row_format, "parameters": parameters, "media_root": str(media_root)})
    if endpoint is not None and model is not None:
        kept = str(parts.folder / "answers.sqlite")
        reader = by_model(EndpointSpec(endpoint, model, timeout=60.0, retries=4, per_minute=6000.0, cache=kept))
    else:
        reader = by_rules
        say(accuracy_of_rules())
    read_rows(opened, chosen, reader, parts, (media_root or out.parent).resolve())
    for line in put_together(parts):
        say(line)
