"""What an evaluation found: every figure with its interval, as tables, JSON and trackers have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from rl.evaluation.bootstrap import Values, bootstrap
from rl.evaluation.calibration import Calibration, calibration
from rl.evaluation.classes import Confusion, confusion
from rl.evaluation.figures import Figure, figure_of
from rl.evaluation.groups import Column, Group, groups_for
from rl.evaluation.scoring import EMOTION_TASKS, RowScore
from rl.evaluation.wheels import SHIPPED, read_wheels, wheel_score

AVERAGE = "AVG"


@dataclass(frozen=True)
class Table:
    """The figures of one group, in the order of its columns, `AVG` last."""

    name: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Classes:
    """Recognition of the classes of one task in one source, as DFEW and MAFW report it."""

    task: str
    source: str
    unweighted: Figure
    """UAR."""
    weighted: Figure
    """WAR."""
    confusion: Confusion


@dataclass(frozen=True)
class Wheel:
    """The emotion-wheel metric."""

    figure: Figure
    wheels: tuple[str, ...]
    """Those that have a gold word."""
    tables: str
    """File of the wheels; `shipped` for ours, which are not those of MER-UniBench."""


@dataclass(frozen=True)
class Summary:
    """What an evaluation of one model found."""

    model: str
    how: Mapping[str, Any]
    """How it was asked: sampling, media, arm."""
    tables: tuple[Table, ...]
    classes: tuple[Classes, ...] = ()
    wheel: Wheel | None = None
    calibration: Calibration | None = None
    questions: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)
    """Why questions have no measure -> how many."""
    samples: int = 1
    """Answers to each question; for more than one, `Mean`, `Best of` and `Majority` are a table of their own."""

    @property
    def unanswered(self) -> int:
        """Questions without a measure, which no figure counts."""
        return sum(self.problems.values())

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"unanswered": self.unanswered}

    def metrics(self) -> dict[str, float]:
        """Every figure by a name that trackers take: `eval/Closed attributes/AppCls`."""
        found = {f"eval/{table.name}/{name}": figure.value for table in self.tables for name, figure in table.figures.items()}
        for one in self.classes:
            name = "/".join(filter(None, (one.task, one.source.replace("/", "_"))))  # MLflow refuses what is no clean path
            found |= {f"eval/UAR/{name}": one.unweighted.value, f"eval/WAR/{name}": one.weighted.value}
        if self.wheel:
            found["eval/emotion wheel"] = self.wheel.figure.value
        if self.calibration:
            found |= {"eval/ECE": self.calibration.expected_error, "eval/Brier": self.calibration.brier}
        return found | {"eval/unanswered": self.unanswered}


def summarise(
    model: str, how: Mapping[str, Any], rows: Sequence[RowScore], samples: int = 1, wheels: Path = SHIPPED, seed: int = 0
) -> Summary:
    """All figures of the rows of one model and arm.

    Args:
        model: its name.
        how: how it was asked.
        rows: what was measured.
        samples: answers to each question.
        wheels: tables of the emotion wheels.
        seed: sets the bootstrap.
    """
    measured = [row for row in rows if row.problem is None]
    tables = [table for group in groups_for(measured) if (table := _table(group, measured, seed)) is not None]
    if samples > 1 and (several := _sampled(measured, samples, seed)) is not None:
        tables.append(several)
    stated = [pair for row in measured for pair in row.stated]
    return Summary(
        model,
        how,
        tuple(tables),
        _classes(measured, seed),
        _wheel(measured, wheels, seed),
        calibration([said for said, _ in stated], [right for _, right in stated]) if stated else None,
        len(rows),
        dict(Counter(row.problem.partition(": ")[0] for row in rows if row.problem is not None)),
        samples,
    )


def values_of(column: Column, rows: Sequence[RowScore]) -> Values | None:
    """The scores of a column's rows by source; None if there are none."""
    of = [row for row in rows if column.has(row) and column.value in row.scores]
    if not of:
        return None
    sources = [row.source for row in of] if column.by_source else []
    return Values([row.scores[column.value] for row in of], [row.clip for row in of], sources)


def _table(group: Group, rows: Sequence[RowScore], seed: int) -> Table | None:
    found = {column: values for column in group.columns if (values := values_of(column, rows)) is not None}
    if not found:
        return None
    draws = bootstrap(list(found.values()), seed=seed)
    figures = {}
    for place, (column, values) in enumerate(found.items()):
        kinds = dict.fromkeys(row.measure for row in rows if column.has(row)) if column.value == "score" else {"": None}
        figures[column.name] = figure_of(values.mean(), draws[:, place], [values], "/".join(kinds))
    if group.average and len(found) > 1:
        mean = float(np.mean([figure.value for figure in figures.values()]))
        figures[AVERAGE] = figure_of(mean, draws.mean(1), list(found.values()), "mean")
    return Table(group.name, figures)


def _sampled(rows: Sequence[RowScore], samples: int, seed: int) -> Table | None:
    """Means over all questions of the mean, the best and the most frequent of several answers."""
    of = [row for row in rows if "majority" in row.scores]
    if not of:
        return None
    names = {"Mean": "score", f"Best of {samples}": "best", "Majority": "majority"}
    columns = [Values([row.scores[key] for row in of], [row.clip for row in of]) for key in names.values()]
    draws = bootstrap(columns, seed=seed)
    figures = {
        name: figure_of(values.mean(), draws[:, place], [values], "")
        for place, (name, values) in enumerate(zip(names, columns, strict=True))
    }
    return Table(f"{samples} answers to each question", figures)


def _classes(rows: Sequence[RowScore], seed: int) -> tuple[Classes, ...]:
    by_source: dict[tuple[str, str], list[RowScore]] = {}
    for row in rows:
        if row.gold is not None and row.said is not None:
            by_source.setdefault((row.task, row.source), []).append(row)
    found = []
    for (task, source), of in sorted(by_source.items()):
        gold, said, clips = ([getattr(row, name) for row in of] for name in ("gold", "said", "clip"))
        if len(set(gold)) < 2:
            continue
        right = [float(a == b) for a, b in zip(gold, said, strict=True)]
        both = [Values(right, clips, gold), Values(right, clips)]
        draws = bootstrap(both, seed=seed)
        recall = [figure_of(values.mean(), draws[:, place], [values], "") for place, values in enumerate(both)]
        found.append(Classes(task, source, recall[0], recall[1], confusion(gold, said)))
    return tuple(found)


def _wheel(rows: Sequence[RowScore], path: Path, seed: int) -> Wheel | None:
    wheels = read_wheels(path)
    emotional = [row for row in rows if row.gold_words and any(fnmatch(row.task, pattern) for pattern in EMOTION_TASKS)]
    columns: list[Values] = []
    used = []
    for name in wheels.clusters:
        overlaps = [(row.clip, found) for row in emotional if (found := wheels.overlap(row.gold_words, row.said_words, name))]
        if overlaps:
            used.append(name)
            clips = [clip for clip, _ in overlaps]
            columns += [Values([found[side] for _, found in overlaps], clips) for side in (0, 1)]
    if not used:
        return None
    draws = bootstrap(columns, seed=seed)
    value = wheel_score([one.mean() for one in columns[0::2]], [one.mean() for one in columns[1::2]])
    drawn = np.array([wheel_score(one[0::2].tolist(), one[1::2].tolist()) for one in draws])
    tables = "shipped" if path == SHIPPED else str(path)
    return Wheel(figure_of(value, drawn, columns, "F1"), tuple(used), tables)
