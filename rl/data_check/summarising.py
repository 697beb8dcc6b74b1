"""From the facts of all rows of a split to its summary."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np

from rl.data_check.batch import BatchReport, Split
from rl.data_check.facts import FILE, NO_REPLY, ROW, distinct
from rl.data_check.labels_by_task import OTHERS, Labels
from rl.data_check.named import Named
from rl.data_check.summary import Group, LabelBalance, SplitSummary, Spread
from rollout.media.medium import Shape


class SplitTally:
    """What is known of a split so far: a few dozen bytes a row."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self.facts = np.zeros(len(split.rows), dtype=ROW)
        """Of each row."""
        self.files = np.zeros(0, FILE)
        """Of each medium, once all rows were looked at."""
        self.named = Named([])
        """Which rows name which media, once all rows were looked at."""
        self.tokens = np.zeros(0, np.int32)
        """Tokens of prompts, as far as they are known."""
        self._labels = Labels()
        self._named: list[np.ndarray] = []
        self._files: list[np.ndarray] = []
        self._seconds, self._frames = array("f"), array("i")

    def add(self, report: BatchReport) -> None:
        """Take what was found in a batch."""
        self.facts[report.batch.start : report.batch.stop] = report.facts
        self._named.append(report.named)
        self._files.append(report.files)
        for task, counts in report.labels.items():
            self._labels.add(task, counts)

    def close(self) -> None:
        """All rows were looked at."""
        self.named = Named(self._named)
        self.files = distinct(np.concatenate([np.zeros(0, FILE), *self._files]))
        self._named, self._files = [], []

    def add_shape(self, shape: Shape) -> None:
        """Take what a medium becomes."""
        if shape.fps:
            self._seconds.append(shape.frames / shape.fps)
            self._frames.append(shape.frames)

    def summary(self, unusable: np.ndarray) -> SplitSummary:
        """The split in figures.

        Args:
            unusable: which rows cannot be used, bool (rows,).
        """
        rows, usable = self.split.rows, ~unusable
        counts = np.bincount(rows.stratum_of[usable], minlength=len(rows.strata)).tolist()
        groups = [Group(one.task, one.source, one.data_set, count) for one, count in zip(rows.strata, counts, strict=True)]
        return SplitSummary(
            name=self.split.name,
            path=rows.path,
            rows=int(np.sum(usable)),
            media=len(self.files),
            groups=tuple(sorted((one for one in groups if one.rows), key=lambda one: (-one.rows, one.task, one.source))),
            spreads=tuple(filter(None, self._spreads(usable))),
            labels=tuple(_balance(task, labels) for task, labels in sorted(self._labels.by_task.items()) if labels),
        )

    def _spreads(self, usable: np.ndarray) -> list[Spread | None]:
        replies = self.facts["reply"][usable]
        return [
            Spread.of("rows a clip", self.named.rows_per_medium()),
            Spread.of("tokens of a prompt", self.tokens),
            Spread.of("characters of a question", self.facts["question"][usable]),
            Spread.of("characters of an assistant turn", replies[replies != NO_REPLY]),
            Spread.of("seconds of a video", np.array(self._seconds)),
            Spread.of("frames that are taken of a video", np.array(self._frames)),
        ]


def _balance(task: str, labels: Mapping[str, int]) -> LabelBalance:
    known = sorted(((label, count) for label, count in labels.items() if label != OTHERS), key=lambda one: (-one[1], one[0]))
    rest = [(OTHERS, labels[OTHERS])] if OTHERS in labels else []
    return LabelBalance(task, (*known, *rest), len(known))
