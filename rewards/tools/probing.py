"""Checking a scorer with what policies write: the checks behind `affectree reward check` and `rewards.testing`."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.runners import Runner, start_runner
from rewards.plugins.spec import PluginError, ScorerSpec, with_source
from rewards.sample import Failure, Outcome, RewardSample, Score
from rewards.tools.reward_hacks import ANSWER, GOLD, honest_cases
from rewards.tree.writer import write

SLOW_MS = 100.0
"""Milliseconds a sample from which a scorer is called slow."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    """Name of the check."""
    verdict: Literal["ok", "warning", "failed"]
    detail: str = ""
    """What was found, and for a failure what to do."""


def probes(task: str = "rationale") -> dict[str, RewardSample]:
    """Samples by name, with completions that a policy will sooner or later write and that no scorer may fail on.

    Args:
        task: the task of every sample.
    """
    gold = write(GOLD, ANSWER)
    texts = {
        "gold": gold,
        "half right": honest_cases()[1].completion,
        "empty": "",
        "blank": " \n\t ",
        "unicode": "感情 😀 ‮مرحبا‬ Ǆ̈ \u0000 \ud7ff",
        "truncated": gold[: len(gold) * 2 // 3],
        "malformed tree": "<tree>\nattribute\n: \na1\ne1 < <\nm1 (x) < e9\n</answer></tree><answer>",
        "100 kB": "word " * 20_000,
        "tag flood": "<tree></tree><answer>" * 5_000,
        "number": "42",
    }
    common = RewardSample(
        "", task=task, prompt="Describe the person as an affective tree.", answer=ANSWER, tree=write(GOLD), group="g"
    )
    return {
        name: replace(
            common,
            completion=text,
            completion_tokens=len(text) // 4,
            completion_ids=tuple(range(min(len(text) // 4, 1000))),
            finish_reason="length" if name == "truncated" else "stop",
        )
        for name, text in texts.items()
    }


def check_scorer(spec: ScorerSpec, task: str = "rationale") -> Iterator[Finding]:
    """Check a scorer step by step; yields what each check found, and ends early where the remaining checks would say nothing.

    The scorer is loaded in a process of its own from its text alone, as reward workers load it, whatever its isolation.

    Args:
        spec: the scorer.
        task: the task of the samples.
    """
    try:
        spec = with_source(spec)
        travels = _travels(spec)
        if travels.verdict == "failed":  # to its own process too
            yield travels
            return
        runner = ProcessRunner(spec) if spec.place != "process" else start_runner(spec)
    except PluginError as error:
        yield Finding("imports", "failed", str(error))
        return
    try:
        yield Finding("imports", "ok", f"in a process of its own; mode {runner.mode}, sha256 {runner.sha256[:12]}")
        yield travels
        yield from _behaviour(runner, probes(task))
    finally:
        runner.close()


def _travels(spec: ScorerSpec) -> Finding:
    try:
        pickle.dumps(spec)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        return Finding("travels", "failed", f"its parameters cannot be sent to workers: {error}")
    return Finding(
        "travels", "ok", "its text is sent to workers" if spec.source else "its module must be installed on every node"
    )


def _behaviour(runner: Runner, samples: dict[str, RewardSample]) -> Iterator[Finding]:
    names, batch = list(samples), list(samples.values())
    first = runner.score(batch)
    began = time.perf_counter()
    second = runner.score(batch)
    milliseconds = 1000 * (time.perf_counter() - began) / len(batch)
    faults = {name: o.message for name, o in zip(names, first, strict=True) if isinstance(o, Failure)}
    if len(faults) == len(names) and len(set(faults.values())) == 1:
        hint = "; if one call gets a list, set the mode, and if it was written for another trainer, the adapter"
        yield Finding("every probe", "failed", next(iter(faults.values())) + hint)
        return
    for name, message in faults.items():
        yield Finding(f"probe: {name}", "failed", message)
    scored = {name: o for name, o in zip(names, first, strict=True) if isinstance(o, Score)}
    if not scored:
        skipped = all(outcome is None for outcome in first)
        why = "None for every probe; does it need columns or another --task?" if skipped else "not one probe was scored"
        yield Finding("scores", "failed", why)
        return
    values = {name: score.value for name, score in scored.items()}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    spread = f"{values[low]:.3g} ({low}) to {values[high]:.3g} ({high})"
    if len(set(values.values())) == 1:
        yield Finding("range", "warning", f"every probe got {values[low]:.3g}; it tells nothing apart")
    else:
        yield Finding("range", "ok", spread)
    if "gold" in values and "empty" in values and values["gold"] <= values["empty"]:
        yield Finding("order", "warning", f"the gold rationale got {values['gold']:.3g}, an empty text {values['empty']:.3g}")
    yield _same("determinism", first, second, names, "the same samples twice")
    if runner.mode != "group":
        turned = list(reversed(runner.score(list(reversed(batch)))))
        yield _same("order independence", first, turned, names, "the samples in reverse")
        if runner.mode == "batch":
            alone = [runner.score([sample])[0] for sample in batch]
            yield _same("batch independence", first, alone, names, "each sample alone")
    yield _stable_parts(scored)
    verdict: Literal["ok", "warning"] = "ok" if milliseconds < SLOW_MS else "warning"
    yield Finding("time", verdict, f"{milliseconds:.2f} ms a sample, the way to its process included")


def _same(check: str, first: list[Outcome], other: list[Outcome], names: list[str], what: str) -> Finding:
    differ = [name for name, a, b in zip(names, first, other, strict=True) if a != b]
    if not differ:
        return Finding(check, "ok")
    return Finding(check, "failed", f"{what} gave other results for {', '.join(differ)}")


def _stable_parts(scored: dict[str, Score]) -> Finding:
    keys = {name: frozenset(score.parts) for name, score in scored.items()}
    if len(set(keys.values())) <= 1:
        return Finding("parts", "ok", ", ".join(sorted(next(iter(keys.values())))))
    return Finding("parts", "warning", "probes have different parts, so their means are over different samples")
