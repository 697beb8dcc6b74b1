"""What a run measured: stage by stage in summary.json, and at its end in a table, a report and a model folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rl.config.captions import caption_scorer
from rl.config.schema import Config
from rl.record.console import cell, console, example_panels, say, stage_table
from rl.record.files import write_atomically
from rl.record.measures import Evaluation, Example, baselines, meanings, measures_of
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.tracker import Tracker
from rollout.media.container import decoder_version
from rollout.rows.row import Row

_SAID = ("root_accuracy", "leaf_f1", "structure", "tree_edit")
"""Measures that are printed when a stage has been measured."""


class Results:
    """Measures by stage, baselines, seconds by phase; kept in summary.json as they come."""

    def __init__(self, directory: RunDirectory, tracker: Tracker, summary: dict[str, Any]) -> None:
        self.directory, self.tracker = directory, tracker
        self.summary = summary
        self.examples = [Example(**e) for e in summary.get("examples", [])]
        self.drawn_tokens: float | None = None
        """Tokens that the engines draw in a second; None until a stage has been measured in this process."""

    @classmethod
    def open(cls, config: Config, directory: RunDirectory, rows: Sequence[Row], tracker: Tracker) -> Results:
        """Empty results, or those that an interrupted run had. What they are made with is kept at once."""
        if directory.summary_file.is_file():
            return cls(directory, tracker, directory.summary())
        chance, majority = baselines([row for row in rows if caption_scorer(config, row.task) is None])
        measured = measures_of(row.task for row in rows)
        made_with = {"seed": config.seed, "decoder": decoder_version()}
        empty = {"measures": measured, "stages": {}, "intervals": {}, "rows": {}, "chance": chance, "majority": majority}
        opened = cls(directory, tracker, {**empty, "seconds": {}, **made_with, "examples": []})
        opened.save()
        return opened

    def reread(self) -> None:
        """Take what summary.json holds, once what is done again has been taken out of it."""
        self.summary = self.directory.summary()
        self.examples = [Example(**one) for one in self.summary["examples"]]

    def stage(self, name: str, evaluation: Evaluation) -> None:
        """Keep what a stage measured."""
        self.summary["stages"][name] = evaluation.measures
        self.summary["intervals"][name] = evaluation.intervals
        self.summary["rows"][name] = evaluation.rows
        self.examples = list(evaluation.examples)
        self.summary["examples"] = [asdict(e) for e in self.examples]
        line = self.directory.metrics.append({"phase": "evaluate", "stage": name, "metrics": evaluation.measures})
        self.save()  # by which the line counts: one that summary.json does not have is dropped when the run goes on
        self.tracker.log(line)
        shown = [key for key in _SAID if key in evaluation.measures or key in self.summary["measures"]]
        say(f"held-out after {name}: " + " ".join(f"{key} {cell(key, evaluation.measures.get(key))}" for key in shown))

    def note_pace(self, stage: str, rows: int) -> None:
        """Compute `drawn_tokens` from the only stage measured so far, which looked at so many rows."""
        self.drawn_tokens = rows * self.summary["stages"][stage]["length"] / self.summary["seconds"]["evaluate"]

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds that the block takes to those of a phase."""
        began = time.perf_counter()
        yield
        seconds = self.summary["seconds"]
        seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - began

    def save(self) -> None:
        """Write summary.json."""
        write_atomically(self.directory.summary_file, json.dumps(self.summary, indent=1))

    def show(self) -> None:
        """Print the examples, the table of stages and what its measures mean."""
        for panel in example_panels(self.examples):
            console.print(panel)
        summary = self.summary
        console.print(
            stage_table(summary["measures"], summary["stages"], summary["intervals"], summary["chance"], summary["majority"])
        )
        for line in meanings(summary["measures"]):
            console.print(line)
