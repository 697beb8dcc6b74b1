"""The rows of a batch are looked at: what a worker process does."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rewards.mix import MixEntry
from rewards.sample import RewardSample
from rl.data_check.facts import FILE, NAMED, ROW, digest, facts_of, medium_digest, size_of
from rl.data_check.finding import Finding
from rl.data_check.gold import GoldScorer
from rl.data_check.labels import stated_labels
from rl.data_check.row_rules import row_findings
from rl.data_check.uses import Uses
from rollout.rows.data import RowData
from rollout.rows.media_files import files_of
from rollout.rows.rejects import Reject
from rollout.rows.row import Row
from rollout.samples import gold_sample

_LABEL = 60
"""Characters of the longest answer that is counted as a label; longer ones are captions."""
_WARNINGS = 20
"""Warnings of a kind that a batch tells whole; the others are counted."""


@dataclass(frozen=True)
class Split:
    """The rows of one split that can be read."""

    name: str
    """`train`, `val`, `test`, or empty where there are no splits."""
    rows: RowData


@dataclass(frozen=True)
class Question:
    """What all workers are told."""

    splits: tuple[Split, ...]
    uses: Uses | None
    """What the run does with rows; None where no run is known."""
    entries: tuple[MixEntry, ...]
    """The scorers that gold is tried on, with their sources."""

    def write(self, file: Path) -> None:
        """Write it for the workers, so that it is not sent with each batch."""
        file.write_bytes(pickle.dumps(self))


@dataclass(frozen=True)
class Batch:
    """Successive rows of a split."""

    question: Path
    """Where the question is written."""
    split: int
    start: int
    stop: int


@dataclass
class BatchReport:
    """What was found in a batch."""

    batch: Batch
    facts: np.ndarray
    """`ROW` (rows,)"""
    named: np.ndarray
    """`NAMED`: the media that rows name."""
    files: np.ndarray
    """`FILE`: those of them that this worker has not met before."""
    labels: dict[str, Counter[str]]
    """Task -> gold label -> rows."""
    errors: list[tuple[int, Reject]] = field(default_factory=list)
    """All rows that the run cannot use: place in the split, and why."""
    warnings: list[Reject] = field(default_factory=list)
    """The first warnings of each kind."""
    untold: Counter[str] = field(default_factory=Counter)
    """How many more there are, by kind."""
    _told: Counter[str] = field(default_factory=Counter)

    def keep(self, place: int, finding: Finding, reject: Reject) -> None:
        """Add what was found of a row."""
        if finding.severity == "error":
            self.errors.append((place, reject))
            return
        kind = reject.kind
        self._told[kind] += 1
        if self._told[kind] <= _WARNINGS:
            self.warnings.append(reject)
        else:
            self.untold[kind] += 1


class RowLooker:
    """Looks at batches of rows, and remembers which media it has met."""

    def __init__(self, question: Question) -> None:
        self.splits, self.uses = question.splits, question.uses
        self._gold = GoldScorer(question.entries)
        self._met: set[int] = set()

    def close(self) -> None:
        """End what scorers have started."""
        self._gold.close()

    def look(self, batch: Batch) -> BatchReport:
        """Look at a batch of rows."""
        split = self.splits[batch.split]
        rows = list(split.rows.only(range(batch.start, batch.stop)))
        samples = list(map(gold_sample, rows))
        digests = [tuple(map(medium_digest, row.media)) for row in rows]
        named = [(place, medium) for place, media in enumerate(digests, start=batch.start) for medium in media]
        report = BatchReport(
            batch=batch,
            facts=np.array(list(map(facts_of, rows, digests)), dtype=ROW),
            named=np.array(named, dtype=NAMED),
            files=self._new_files(batch.start, rows, digests),
            labels=_labels(samples),
        )
        for place, found in enumerate(self._findings(split, batch.start, rows, samples), start=batch.start):
            for finding in found:
                report.keep(place, finding, reject_at(split.rows, place, finding))
        return report

    def _findings(self, split: Split, start: int, rows: Sequence[Row], samples: Sequence[RewardSample]) -> list[list[Finding]]:
        found: list[list[Finding]] = []
        scored: list[int] = []
        for place, (row, sample) in enumerate(zip(rows, samples, strict=True)):
            used = None
            if self.uses is not None:
                used = self.uses.uses(split.name, split.rows.strata[split.rows.stratum_of[start + place]])
            found.append(list(row_findings(row, sample, used)))
            if used is None or "reward" in used:
                scored.append(place)
        less = self._gold.look([rows[place] for place in scored], [samples[place] for place in scored])
        for place, more in zip(scored, less, strict=True):
            found[place] += more
        return found

    def _new_files(self, start: int, rows: Sequence[Row], digests: Sequence[tuple[int, ...]]) -> np.ndarray:
        """The files of media that were not met before."""
        found: list[tuple[int, int, int, int]] = []
        for place, (row, media) in enumerate(zip(rows, digests, strict=True), start=start):
            for medium, key in zip(row.media, media, strict=True):
                if key not in self._met:
                    self._met.add(key)
                    found.append((place, key, digest(*files_of(medium), content=medium.content), size_of(medium)))
        return np.array(found, dtype=FILE)


def reject_at(rows: RowData, place: int, finding: Finding) -> Reject:
    """A finding with the file and the row that it is of."""
    file, row = rows.origin(place)
    return Reject(str(file), row, finding.key, finding.reason, finding.fix)


def _labels(samples: Sequence[RewardSample]) -> dict[str, Counter[str]]:
    """How often each label is the gold answer, by task; answers in sentences are none."""
    found: dict[str, Counter[str]] = {}
    for sample in samples:
        if sample.answer is not None and len(sample.answer) <= _LABEL:
            found.setdefault(sample.task, Counter()).update(stated_labels(sample))
    return found
