"""`affectree reward …`: look at a scorer before a run depends on it. Also `python -m rewards.cli`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rewards.errors import UserError
from rewards.files import read_text
from rewards.mix import MixEntry, build_mix
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError, ScorerSpec, check_spec
from rewards.sample import RewardSample
from rewards.tools.display import finding_line, histogram, sample_panel, sample_view, summary_table
from rewards.tools.hack_view import hack_table, hedge_table
from rewards.tools.hedges import hedge_odds, hedges
from rewards.tools.probing import check_scorer
from rewards.tools.recorded import read_rollouts
from rewards.tools.rescoring import rescore, summarise
from rewards.tools.reward_hacks import hack_cases, honest_cases, paid, rewards_of
from rewards.tree.gold import gold_problem

DEFAULT_MIX = Path(__file__).resolve().parent.parent / "configs" / "rewards" / "default.yaml"

app = typer.Typer(no_args_is_help=True, help="Check, run and try scorers.")
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)

Spec = Annotated[
    str, typer.Argument(help="file.py:function, module:function, an entry point, a shipped scorer, or a YAML file with a mix.")
]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="key=value for every call; values are JSON or text.")
]
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
    timeout: Timeout = 30.0,
    task: Task = "rationale",
) -> None:
    """Load a scorer as a reward worker would, and probe it with what policies write."""
    failed = 0
    for entry in _entries(spec, parameter, mode, adapter, timeout):
        if spec.endswith((".yaml", ".yml")):
            console.print(f"{entry.scorer.name}:", style="bold")
        for finding in check_scorer(entry.scorer, task):
            console.print(finding_line(finding), soft_wrap=True)
            failed += finding.verdict == "failed"
    if failed:
        console.print(f"{failed} checks failed", style="bold red")
        raise typer.Exit(1)
    console.print(f"{spec} is fit for a run", style="bold green")


@app.command()
def score(
    spec: Spec,
    rollouts: Annotated[Path, typer.Option(help="A run's rollouts folder, or one .parquet or .jsonl file.")],
    parameter: Parameters = None,
    mode: Mode = None,
    adapter: Adapter = None,
    timeout: Timeout = 30.0,
    show: Annotated[int, typer.Option(help="How many of the best, worst and slowest samples to show.")] = 2,
) -> None:
    """Score recorded rollouts again: table, histogram, slowest, worst and best samples."""
    recorded = read_rollouts(rollouts)
    with build_mix(_entries(spec, parameter, mode, adapter, timeout)) as mix, console.status("scoring"):
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
    timeout: Timeout = 30.0,
    task: Task = "rationale",
    answer: Annotated[str | None, typer.Option(help="The gold answer.")] = None,
    tree: Annotated[Path | None, typer.Option(help="A file with the gold tree.")] = None,
) -> None:
    """Score one text from standard input."""
    gold = read_text(tree, PluginError) if tree else None
    if gold and (problem := gold_problem(gold)):
        raise PluginError(f"{tree}: {problem}")
    completion = sys.stdin.buffer.read().decode("utf-8", errors="replace")  # what a model writes is never bad input
    sample = RewardSample(completion, task=task, answer=answer, tree=gold, group="stdin")
    with build_mix(_entries(spec, parameter, mode, adapter, timeout)) as mix:
        reward = mix(sample)
    console.print(sample_view(sample, reward))
    if reward.value is None:
        raise typer.Exit(1)


@app.command()
def hacks(mix: Annotated[Path, typer.Argument(help="YAML file with a mix, or a run's config.")] = DEFAULT_MIX) -> None:
    """What rationales that try to be paid without being right get under a mix, and what bets on two answers do."""
    with build_mix(read_mix(mix)) as loaded:
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


def _entries(spec: str, parameters: list[str] | None, mode: str | None, adapter: str | None, timeout: float) -> list[MixEntry]:
    if spec.endswith((".yaml", ".yml")):
        if parameters or mode or adapter:
            raise PluginError("a mix brings its own parameters, modes and adapters; give none")
        return read_mix(Path(spec))
    return [MixEntry(_spec(spec, parameters, mode, adapter, timeout))]


def _spec(spec: str, parameters: list[str] | None, mode: Any, adapter: str | None, timeout: float) -> ScorerSpec:
    name = spec.rpartition(":")[2]
    found = replace(ScorerSpec(name, spec), parameters=read_parameters(parameters), mode=mode, adapter=adapter, timeout=timeout)
    check_spec(found)
    return found


def read_parameters(words: list[str] | None) -> dict[str, Any]:
    """The words of `--parameter key=value` as a mapping. A value that is not JSON is text."""
    found = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise PluginError(f"--parameter {word!r}: must be key=value, such as --parameter weight=2")
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
