"""`affectree eval`: how good a model is, with intervals, and whether it is better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewards.errors import UserError
from rl.record.console import console, say, warn

if TYPE_CHECKING:
    from rl.evaluation.comparison import Comparison
    from rl.evaluation.tables import Sheet

Words = Annotated[list[str] | None, typer.Argument(help="Settings as key=value, over the run's or the configuration's.")]


def evaluate(
    model: Annotated[
        str,
        typer.Argument(help="A run directory, a checkpoint's folder, a server's address, or the --out of an earlier evaluation."),
    ],
    settings: Words = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file of rows, of which all are asked, or a configuration, whose test rows are; the run's by default."
        ),
    ] = None,
    model_name: Annotated[
        str | None, typer.Option("--model", help="The model's name at an address; the only one that is served by default.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="Another model, as MODEL names one, to compare on the same rows.")] = None,
    against_model: Annotated[str | None, typer.Option(help="The other model's name at an address.")] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask rationales for their answer alone as well; compare both.")
    ] = False,
    rows: Annotated[int | None, typer.Option(help="Rows of each task at most, of all tasks.", min=1)] = None,
    samples: Annotated[int, typer.Option(help="Answers to each question; above 1 with a temperature.", min=1)] = 1,
    temperature: Annotated[float, typer.Option(help="0 is greedy.", min=0)] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of sampled answers.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder of answers and results; a second call asks what is missing.")] = None,
    wheels: Annotated[Path | None, typer.Option(help="Tables of emotion wheels (docs/evaluation.md).")] = None,
    concurrency: Annotated[int, typer.Option(help="Requests that a server is sent at a time.", min=1)] = 16,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer of a server.", min=0.1)] = 120.0,
    max_unanswered: Annotated[
        float, typer.Option(help="Share of questions without an answer above which this ends with an error.", min=0, max=1)
    ] = 0.05,
    lmms_eval: Annotated[bool, typer.Option("--lmms-eval", help="Also write logs and a task as lmms-eval has them.")] = False,
) -> None:
    """Measure a model's answers, with intervals: `affectree eval runs/quickstart-…`, `affectree eval http://localhost:8000/v1`."""
    from rl.evaluation.answers import Sampling
    from rl.evaluation.comparison import compare
    from rl.evaluation.endpoint.client import Patience
    from rl.evaluation.saved import EvaluationFolder
    from rl.evaluation.tables import remarks, sheets_of
    from rl.evaluation.wheels import SHIPPED, read_wheels

    if samples > 1 and not temperature:
        raise UserError("--samples above 1 needs a --temperature above 0: greedy answers are all the same")
    tables = wheels or SHIPPED
    read_wheels(tables)
    saved, other = EvaluationFolder(Path(model)), EvaluationFolder(Path(against or ""))
    if saved.is_there():
        if against is None or not other.is_there():
            raise UserError(f"{model} is a saved evaluation; name another one by --against to compare them")
        (name, ours), (other_name, theirs) = saved.read().asked(), other.read().asked()
        names = (name, other_name) if name != other_name else (model, against)
        compared = compare(names[0], ours, names[1], theirs)
        check_common([compared])
        show(sheets_of([], [compared]))
        return

    from rl.record.log import run_log
    from rl.run.evaluated import find_model
    from rl.run.evaluation import Asking, check_answered, evaluate_model
    from rl.run.evaluation_files import save, save_for_lmms_eval
    from rl.run.rows_to_ask import find_rows

    words, files = settings or [], data or []
    asking = Asking(Sampling(temperature, samples, seed), direct, Patience(concurrency, timeout), tables)
    evaluated = find_model(model, model_name, out, files, words)
    rival = find_model(against, against_model, None, files, words) if against and not other.is_there() else None
    if against and (rival.place if rival else other).path.resolve() == evaluated.place.path.resolve():
        raise UserError(f"{model} and {against} would both be kept in {evaluated.place.path}; name another --out")
    if rival and against and rival.name == evaluated.name:  # as the folders `model` of two runs are
        evaluated, rival = replace(evaluated, name=model), replace(rival, name=against)
    asked = find_rows(evaluated, files, words, rows)
    if direct and not any(row.task == "rationale" and row.answer for row in asked):
        raise UserError("--direct asks rationales for their answer alone, and no row is a rationale with an answer; leave it out")
    say(f"{evaluated.name}: {len(asked)} rows; answers are kept in {evaluated.place.path}")
    with run_log(evaluated.place.path / "logs"):
        found = [evaluate_model(one, asked, asking) for one in (evaluated, rival) if one is not None]
    comparisons: list[Comparison] = []
    if direct:
        comparisons.append(found[0].both_arms())
    if against is not None:
        comparisons.append(compare(*found[0].arm("asked"), *(other.read().asked() if rival is None else found[1].arm("asked"))))
    for one in found:
        save(one, comparisons if one is found[0] else [])
    summaries = [summary for one in found for summary in one.summaries]
    show(sheets_of(summaries, comparisons))
    if repeated := len(asked) - sum(one.arm == "asked" for one in found[0].questions):
        warn(f"{repeated} rows repeat another one, question, media and gold, and are counted once")
    for line in remarks(summaries):
        warn(line)
    say(f"table: {evaluated.place.table}")
    if lmms_eval:
        say(f"for lmms-eval: {save_for_lmms_eval(found[0])}")
    for one in found:
        check_answered(one, max_unanswered)
    check_common(comparisons)


def check_common(comparisons: Sequence[Comparison]) -> None:
    """Raises `UserError` for a comparison of two models that have no measured question in common."""
    for one in comparisons:
        if not one.differences:
            raise UserError(f"{one.first} and {one.second} have no measured question in common; ask both the same rows")


def show(sheets: Sequence[Sheet]) -> None:
    """Print tables, each as wide as the terminal at most."""
    from rl.evaluation.tables import rich_tables

    for sheet in sheets:
        for table in rich_tables(sheet, console.width):
            console.print(table)
