"""All findings of a check: errors into one file, warnings into another, both counted by kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from rl.data_check.finding import Severity
from rl.data_check.summary import Kind
from rollout.rows.rejects import Reject

_EXAMPLES = 3
"""Findings of a kind that are shown."""
_MOST_KINDS = 500
"""Kinds that are told apart; the others are counted together."""
_WRITTEN = 1000
"""Warnings of a kind that are written; errors are all written, since runs leave their rows out."""
_OTHER = "others"


class Findings:
    """What was found so far. Nothing is kept in memory but counts, examples, and which rows cannot be used."""

    def __init__(self, rows: list[int], rejects: Path, warnings: Path) -> None:
        """
        Args:
            rows: how many rows each split has.
            rejects: file for the errors, one JSON object a line.
            warnings: file for the warnings, likewise.
        """
        self.unusable = [np.zeros(count, dtype=bool) for count in rows]
        """For each split, which of its rows cannot be used."""
        self._counts: dict[Severity, Counter[str]] = {"error": Counter(), "warning": Counter()}
        self._examples: dict[tuple[Severity, str], list[str]] = {}
        self._paths: dict[Severity, Path] = {"error": rejects, "warning": warnings}

    def __enter__(self) -> Findings:
        with ExitStack() as opened:
            self._files: dict[Severity, IO[str]] = {
                severity: opened.enter_context(path.open("w", encoding="utf-8")) for severity, path in self._paths.items()
            }
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def error(self, split: int, place: int, reject: Reject) -> None:
        """A row that cannot be used, at its place in its split."""
        self.unusable[split][place] = True
        self._take("error", reject)
        self._write("error", reject)

    def unreadable(self, reject: Reject) -> None:
        """A row of the files that is in no split, since it could not be read."""
        self._take("error", reject)
        self._write("error", reject)

    def warning(self, reject: Reject) -> None:
        """Something odd about a row."""
        if self._take("warning", reject) <= _WRITTEN:
            self._write("warning", reject)

    def more_warnings(self, counts: Mapping[str, int]) -> None:
        """Warnings, by their kind, that are only counted."""
        for kind, count in counts.items():
            self._counts["warning"][self._known("warning", kind)] += count

    def kinds(self) -> tuple[Kind, ...]:
        """All kinds of findings: errors first, the most frequent ones before others."""
        return tuple(
            Kind(severity, name, count, tuple(self._examples.get((severity, name), ())))
            for severity, counts in self._counts.items()
            for name, count in counts.most_common()
        )

    def _take(self, severity: Severity, reject: Reject) -> int:
        kind = self._known(severity, reject.kind)
        self._counts[severity][kind] += 1
        examples = self._examples.setdefault((severity, kind), [])
        if len(examples) < _EXAMPLES:
            examples.append(str(reject))
        return self._counts[severity][kind]

    def _known(self, severity: Severity, kind: str) -> str:
        counts = self._counts[severity]
        return kind if kind in counts or len(counts) < _MOST_KINDS else _OTHER

    def _write(self, severity: Severity, reject: Reject) -> None:
        self._files[severity].write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
