"""`affectree reward …`: look at a scorer before a run depends on it. Also `python -m rewards.cli`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rewards.bases import CONFIGS, settings_file
from rewards.errors import UserError
from rewards.files import read_text
from rewards.mix import MixEntry, build_mix
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError, ScorerSpec, check_spec, is_shipped
from rewards.sample import RewardSample
from rewards.tools.display import finding_line, histogram, said_text, sample_panel, sample_view, summary_table
from rewards.tools.given_rows import read_given_rows
from rewards.tools.hack_view import hack_table, hedge_table
from rewards.tools.hedges import hedge_odds, hedges
from rewards.tools.probing import check_scorer
from rewards.tools.recorded import read_rollouts
from rewards.tools.rescoring import rescore, summarise
from rewards.tools.reward_hacks import hack_cases, honest_cases, paid, rewards_of
from rewards.tree.gold import gold_problem

app = typer.Typer(no_args_is_help=True, help="Check, run and try scorers.")
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)

Spec = Annotated[
    str,
    typer.Argument(
        help="file.py:function, module:function, an entry point, a shipped scorer, or a mix: a YAML file, or default."
    ),
]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="key=value for every call; values are JSON or text.")
]
Columns = Annotated[
    list[str] | None, typer.Option("--column", "-c", help="name=value of a column of the data set; values are JSON or text.")
]
Factory = Annotated[bool, typer.Option("--factory", help="The function makes the scorer, from the parameters.")]
Mode = Annotated[str | None, typer.Option(help="sample, batch or group; what the function declares if not given.")]
Adapter = Annotated[str | None, typer.Option(help="Whose contract it was written for: trl, verl, openrlhf, ms_swift, easyr1, …")]
Timeout = Annotated[float, typer.Option(help="Seconds for one call.")]
Task = Annotated[str, typer.Option(help="Task of the samples.")]


@app.command()
def check(
    spec: Spec,
    parameter: Parameters = None,
    mode: Mode = None,
    adapter: Adapter = None,
    factory: Factory = False,
    timeout: Timeout = 30.0,
    task: Task = "rationale",
    column: Columns = None,
    rows: Annotated[
        Path | None, typer.Option(help="A .jsonl, .json or .parquet with rows of the data set to check it on.")
    ] = None,
) -> None:
    """Load a scorer as a reward worker would, and probe it with what policies write."""
    failed = 0
    columns, given = read_pairs("--column", column), read_given_rows(rows, task) if rows else []
    for entry in _entries(spec, parameter, mode, adapter, factory, timeout):
        if _mix_file(spec):
            console.print(f"{entry.scorer.name}:", style="bold")
        for finding in check_scorer(entry.scorer, _task_of(entry, task), columns, given):
            console.print(finding_line(finding), soft_wrap=True)
            failed += finding.verdict == "failed"
    if failed:
        console.print(f"{failed} checks failed", style="bold red")
        raise typer.Exit(1)
    console.print(f"{spec} is fit for a run", style="bold green")


@app.command()
def score(
    spec: Spec,
    rollouts: Annotated[Path, typer.Option(help="A run, its rollouts folder, or one .parquet or .jsonl file.")],
    parameter: Parameters = None,
    mode: Mode = None,
    adapter: Adapter = None,
    factory: Factory = False,
    timeout: Timeout = 30.0,
    show: Annotated[int, typer.Option(help="How many of the best, worst and slowest samples to show.")] = 2,
) -> None:
    """Score recorded rollouts again: table, histogram, slowest, worst and best samples."""
    recorded = read_rollouts(rollouts)
    with build_mix(_entries(spec, parameter, mode, adapter, factory, timeout)) as mix, console.status("scoring"):
        found = list(rescore(mix, recorded))
    summary = summarise(found)
    console.print(summary_table(spec, summary))
    console.print(histogram(found))
    ranked = sorted((item for item in found if item.reward.value is not None), key=lambda item: item.reward.value or 0.0)
    for item in reversed(ranked[max(0, len(ranked) - show) :]):
        console.print(sample_panel("best", item))
    for item in ranked[:show]:
        console.print(sample_panel("worst", item))
    for item in [item for item in found if item.reward.errors or item.reward.observer_errors][:show]:
        console.print(sample_panel("failed", item))
    slowest = sorted(found, key=lambda item: -item.milliseconds)[:show]
    if count := sum(item.without_content for item in recorded):
        told = f"{count} samples are about media that the data set's rows hold, of which rollouts have the names alone"
        console.print(f"{told}; for scorers that look at them: affectree replay RUN --rescore", style="yellow")
    console.print("slowest calls: " + ", ".join(f"{item.recorded.where} ({item.milliseconds:.1f} ms)" for item in slowest))
    if not summary.scored:
        console.print("no sample could be scored", style="bold red")
        raise typer.Exit(1)


@app.command("try")
def try_text(
    spec: Spec,
    parameter: Parameters = None,
    mode: Mode = None,
    adapter: Adapter = None,
    factory: Factory = False,
    timeout: Timeout = 30.0,
    task: Task = "rationale",
    column: Columns = None,
    answer: Annotated[str | None, typer.Option(help="The gold answer.")] = None,
    tree: Annotated[Path | None, typer.Option(help="A file with the gold tree.")] = None,
) -> None:
    """Score one text from standard input."""
    gold = read_text(tree, PluginError) if tree else None
    if gold and (problem := gold_problem(gold)):
        raise PluginError(f"{tree}: {problem}")
    completion = sys.stdin.buffer.read().decode("utf-8", errors="replace")  # what a model writes is never bad input
    columns = read_pairs("--column", column)
    sample = RewardSample(completion, task=task, answer=answer, tree=gold, group="stdin", columns=columns)
    with build_mix(_entries(spec, parameter, mode, adapter, factory, timeout)) as mix:
        reward = mix(sample)
        said = [(item.entry.scorer.name, item.runner.said().strip()) for item in mix.scorers]
    console.print(sample_view(sample, reward))
    for name, text in said:
        if text:
            console.print(said_text(name, text), soft_wrap=True)
    if reward.value is None:
        raise typer.Exit(1)


@app.command()
def hacks(
    mix: Annotated[
        str, typer.Argument(help="A YAML file with a mix, the name of one that ships, or a run's config.")
    ] = "default",
) -> None:
    """What rationales that try to be paid without being right get under a mix, and what bets on two answers do."""
    with build_mix(read_mix(_mix_file(mix) or Path(mix))) as loaded:
        honest = [*zip(honest_cases(), rewards_of(loaded, honest_cases()), strict=True)]
        hacked = [*zip(hack_cases(), rewards_of(loaded, hack_cases()), strict=True)]
        bets = [(hedge, hedge_odds(loaded, hedge)) for hedge in hedges()]
    over = paid(honest, hacked)
    console.print(hack_table(honest, hacked, over))
    console.print(hedge_table(bets))
    paying = [hedge.name for hedge, odds in bets if any(one.pays for one in odds)]
    for what, names in (("paid more than it may be", over), ("earns as much as the honest answer", paying)):
        if names:
            console.print(f"{what}: {', '.join(names)}", style="bold red")
    if over or paying:
        raise typer.Exit(1)


def _entries(
    spec: str, parameters: list[str] | None, mode: str | None, adapter: str | None, factory: bool, timeout: float
) -> list[MixEntry]:
    if file := _mix_file(spec):
        if parameters or mode or adapter or factory:
            raise PluginError("a mix brings its own parameters, modes and adapters; give none")
        return read_mix(file)
    return [MixEntry(_spec(spec, parameters, mode, adapter, factory, timeout))]


def _mix_file(spec: str) -> Path | None:
    """The file of a mix, from anywhere for those that ship: `default`, `configs/rewards/default.yaml`; None for a scorer."""
    if spec.endswith((".yaml", ".yml")):
        return settings_file(spec)
    shipped = settings_file(f"rewards/{spec}")
    return shipped if ":" not in spec and not is_shipped(spec) and shipped.is_relative_to(CONFIGS) else None


def _task_of(entry: MixEntry, task: str) -> str:
    """The task if the scorer judges it in its mix, else one that it does judge."""
    return task if entry.applies_to(task) else entry.tasks[0].replace("*", "any").replace("?", "a")


def _spec(spec: str, parameters: list[str] | None, mode: Any, adapter: str | None, factory: bool, timeout: float) -> ScorerSpec:
    found = ScorerSpec(spec.rpartition(":")[2], spec, read_pairs("--parameter", parameters), mode, adapter=adapter)
    found = replace(found, timeout=timeout, factory=factory)
    check_spec(found)
    return found


def read_pairs(option: str, words: list[str] | None) -> dict[str, Any]:
    """The words of an option `key=value` as a mapping. A value that is not JSON is text."""
    found = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise PluginError(f"{option} {word!r}: must be key=value, such as {option} weight=2")
        try:
            found[key] = json.loads(value)
        except json.JSONDecodeError:
            found[key] = value
    return found


if __name__ == "__main__":
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
