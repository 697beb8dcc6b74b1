"""metrics.jsonl: what was measured at every step, one line each, on disk before anything else is told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from rewards.files import why_unreadable
from rl.record.checks import check_metrics_line
from rl.record.files import check_guard, write_atomically
from rl.record.runs.errors import RunError
from rl.record.runs.progress import PHASES, Progress


class MetricsFile:
    """The source of truth about a run; reports, tables and MLflow are made of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Add one line with the time, on disk when this returns. Returns it as it stands there."""
        check_guard(self.path)
        line = {**record, "time": round(time.time(), 3)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return line

    def read(self) -> list[dict[str, Any]]:
        """All of `lines`."""
        return list(self.lines())

    def lines(self) -> Iterator[dict[str, Any]]:
        """One line after the other; a last line that was cut off by a kill is left out. Raises `RunError` for a line that
        cannot be one."""
        if not self.path.exists():
            return
        try:
            with self.path.open(encoding="utf-8", newline="\n") as file:
                for number, line in enumerate(file, start=1):
                    if not (text := line.removesuffix("\n")):
                        continue
                    try:
                        record = json.loads(text)
                        problem = check_metrics_line(record)
                    except ValueError:
                        if text == line:  # without an end: the last one
                            return
                        problem = "not JSON"
                    if problem:
                        raise RunError(f"{self.path}, line {number}: {problem}; repair or remove it")
                    yield record
        except UnicodeDecodeError as bad:
            raise RunError(f"{self.path}: is not text in UTF-8 (at byte {bad.start}); check that it is the right file") from bad
        except OSError as bad:
            raise RunError(f"{self.path}: {why_unreadable(self.path, bad)}") from bad

    def forget_after(self, progress: Progress, stages: Collection[str]) -> int:
        """Drop what is about to be done again. Returns lines dropped.

        Args:
            progress: steps that it has done stay.
            stages: evaluations that stay.
        """
        records = self.read()
        kept = [
            one
            for one in records
            if not is_after(one, progress) and (one.get("phase") != "evaluate" or one.get("stage") in stages)
        ]
        write_atomically(self.path, "".join(json.dumps(record) + "\n" for record in kept))
        return len(records) - len(kept)


def is_after(record: Mapping[str, Any], progress: Progress) -> bool:
    """Whether a line is of a step that a checkpoint has not done."""
    return record.get("phase") in PHASES and not progress.includes(record["phase"], record["step"])
