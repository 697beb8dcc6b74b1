"""Checking a scorer with what policies write: the checks behind `affectree reward check` and `rewards.testing`."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.runners import Runner, start_runner
from rewards.plugins.spec import PluginError, ScorerSpec, with_source
from rewards.sample import Failure, Outcome, RewardSample, Score
from rewards.tools.probes import Probe, probes

SLOW_MS = 100.0
"""Milliseconds a sample from which a scorer is called slow."""
Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    """Name of the check."""
    verdict: Verdict
    detail: str = ""
    """What was found, and for a failure what to do."""


def check_scorer(
    spec: ScorerSpec, task: str = "rationale", columns: Mapping[str, Any] | None = None, rows: Sequence[RewardSample] = ()
) -> Iterator[Finding]:
    """Check a scorer step by step; yields what each check found, and ends early where the remaining checks would say nothing.

    The scorer is loaded in a process of its own from its text alone, as reward workers load it, whatever its isolation.

    Args:
        spec: the scorer.
        task: the task of the samples.
        columns: columns that every row has.
        rows: rows to check it on, in place of one of the check's own; see `probes`.
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
        yield from _behaviour(runner, _with_columns(probes(task, rows), columns or {}))
        if said := runner.said().strip():
            yield Finding("output", "ok", said)
    finally:
        runner.close()


def _with_columns(found: dict[str, Probe], columns: Mapping[str, Any]) -> dict[str, Probe]:
    def added(probe: Probe) -> Probe:
        return replace(probe, sample=replace(probe.sample, columns={**probe.sample.columns, **columns}))

    return {name: added(probe) for name, probe in found.items()} if columns else found


def _travels(spec: ScorerSpec) -> Finding:
    try:
        pickle.dumps(spec)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        return Finding("travels", "failed", f"its parameters cannot be sent to workers: {error}")
    if spec.source is None:
        return Finding("travels", "ok", "its module must be installed on every node, or lie in the run's working directory there")
    beside = ", ".join(one.name for one in spec.source.neighbours if not one.is_folder)
    return Finding("travels", "ok", f"its text is sent to workers{f', with those of {beside}' if beside else ''}")


def _behaviour(runner: Runner, found: dict[str, Probe]) -> Iterator[Finding]:
    names, batch = list(found), [probe.sample for probe in found.values()]
    first = _score(runner, batch)
    began = time.perf_counter()
    second = _score(runner, batch)
    milliseconds = 1000 * (time.perf_counter() - began) / len(batch)
    outcomes = dict(zip(names, first, strict=True))
    faults = {name: one.message for name, one in outcomes.items() if isinstance(one, Failure)}
    if len(faults) == len(names) and len(set(faults.values())) == 1:
        yield Finding("every probe", "failed", (message := next(iter(faults.values()))) + _hint(message, runner))
        return
    for name, message in faults.items():
        yield Finding(f"probe: {name}", "warning" if found[name].lacks_gold else "failed", message)
    scored = {name: one for name, one in outcomes.items() if isinstance(one, Score)}
    if not scored:
        skipped = all(outcome is None for outcome in first)
        why = "None for every probe; does it need --column, --rows or another --task?" if skipped else "not one probe was scored"
        yield Finding("scores", "failed", why)
        return
    values = {name: score.value for name, score in scored.items()}
    yield _range(runner, values)
    yield _empty_answer(
        values, dict.fromkeys(probe.row for probe in found.values()), bool(runner.promised and runner.promised[1] <= 0)
    )
    yield _same("determinism", first, second, names, "the same samples twice")
    if runner.mode != "group":
        turned = list(reversed(_score(runner, list(reversed(batch)))))
        yield _same("order independence", first, turned, names, "the samples in reverse")
        if runner.mode == "batch":
            alone = [runner.score([sample])[0] for sample in batch]
            yield _same("batch independence", _values(first), _values(alone), names, "each sample alone", _GROUPS)
    yield _stable_parts(scored)
    verdict: Verdict = "ok" if milliseconds < SLOW_MS else "warning"
    yield Finding("time", verdict, f"{milliseconds:.2f} ms a sample, the way to its process included")


def _score(runner: Runner, samples: Sequence[RewardSample]) -> list[Outcome]:
    """One outcome for each sample. A scorer of lists gets the samples of one row together, as from a run."""
    if runner.mode == "sample":
        return runner.score(samples)
    found: dict[int, Outcome] = {}
    for group in dict.fromkeys(sample.group for sample in samples):
        places = [index for index, sample in enumerate(samples) if sample.group == group]
        found.update(zip(places, runner.score([samples[index] for index in places]), strict=True))
    return [found[index] for index in range(len(samples))]


def _values(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Scores without their parts, which may be means over a call; faults without their words."""
    return [Score(one.value) if isinstance(one, Score) else Failure("") if isinstance(one, Failure) else one for one in outcomes]


def _hint(message: str, runner: Runner) -> str:
    if "needs the column" in message or message.startswith("KeyError"):
        return "; give columns by --column name=value, or rows of the data set by --rows FILE"
    if runner.spec.adapter or not message.startswith(("TypeError", "AttributeError", "scorer ")):
        return ""
    return "; if one call gets a list, set the mode, and if it was written for another trainer, the adapter"


def _range(runner: Runner, values: Mapping[str, float]) -> Finding:
    """Whether it tells anything apart, and stays within what it promises."""
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    spread = f"{values[low] + 0:.3g} ({low}) to {values[high] + 0:.3g} ({high})"
    least, greatest = runner.promised or (0.0, 1.0)
    if runner.promised and not least <= values[low] <= values[high] <= greatest:
        return Finding("range", "failed", f"{spread}, but it promises {least:g} to {greatest:g}")
    if values[low] == values[high]:
        if len(values) > 1:
            found = f"every probe got {values[low]:.3g}; it tells nothing apart"
            if runner.spec.adapter is None:
                return Finding("range", "failed", found)
            return Finding("range", "warning", f"{found}: give rows with the right `completion` for it by --rows FILE")
        return Finding("range", "warning", f"only one probe ({low}) got a score, {values[low]:.3g}")
    if not least <= values[low] <= values[high] <= greatest:
        hint = "other scorers of a mix stay within 0 to 1; declare what is meant by @scorer(range=(…, …))"
        return Finding("range", "warning", f"{spread}; {hint}")
    return Finding("range", "ok", spread)


def _empty_answer(values: Mapping[str, float], rows: Iterable[str], penalty: bool) -> Finding:
    """Rows on which an empty completion is paid: as much as the right one, or something. A penalty pays nobody."""
    failed, paid = [], []
    for row in rows:
        suffix = f" ({row})" if row else ""
        gold, empty = values.get(f"gold{suffix}"), values.get(f"empty{suffix}")
        if gold is None or empty is None:
            continue
        found = f"{empty + 0:.3g}{suffix}, the right text {gold + 0:.3g}"
        if empty > 0 and empty >= gold:
            failed.append(found)
        elif empty > 0 or (empty > gold and not penalty):
            paid.append(found)
    if failed:
        return Finding("empty answer", "failed", f"gets {'; '.join(failed)}: give 0 or None there, or make it a penalty")
    return Finding("empty answer", "warning", f"gets {'; '.join(paid)}") if paid else Finding("empty answer", "ok")


_GROUPS = "; if it compares the samples of a prompt, set mode: group"


def _same(check: str, first: list[Outcome], other: list[Outcome], names: list[str], what: str, hint: str = "") -> Finding:
    differ = [name for name, a, b in zip(names, first, other, strict=True) if a != b]
    if not differ:
        return Finding(check, "ok")
    return Finding(check, "failed", f"{what} gave other results for {', '.join(differ)}{hint}")


def _stable_parts(scored: dict[str, Score]) -> Finding:
    keys = {name: frozenset(score.parts) for name, score in scored.items()}
    if len(set(keys.values())) <= 1:
        return Finding("parts", "ok", ", ".join(sorted(next(iter(keys.values())))))
    return Finding("parts", "warning", "probes have different parts, so their means are over different samples")
