"""All of a data set is looked at, part by part: rows, their media, what they repeat, what splits share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from rl.data_check.batch import Batch, BatchReport, Question, reject_at
from rl.data_check.facts import NAMED
from rl.data_check.finding import Finding
from rl.data_check.findings import Findings
from rl.data_check.leaks import Clip, Leak, content_digest, leaks
from rl.data_check.lengths import Lengths
from rl.data_check.media_check import MediumLook, look_at_media, media_of
from rl.data_check.repeats import repeats
from rl.data_check.summarising import SplitTally
from rl.data_check.work import batch_report, forget
from rollout.media.medium import ClipSpec, Medium, Shape
from rollout.rows.media_files import files_of
from rollout.rows.parallel import in_order
from rollout.rows.progress import Telling
from rollout.rows.rejects import Reject, reject_of
from rollout.rows.row import RowError

_BATCH = 2048
"""Rows that are looked at in one piece."""
_FEW = 8000
"""Rows up to which starting worker processes takes longer than looking at them."""


class DataCheck:
    """A check that is under way. Its parts are called one after another; what they find goes to `findings`."""

    def __init__(self, question: Question, findings: Findings, telling: Telling) -> None:
        self.question, self.findings, self.telling = question, findings, telling
        self.splits = question.splits
        self.tallies = [SplitTally(split) for split in self.splits]
        self.broken: list[Reject] = []
        """Rows that no run can use, whatever its settings, since a medium of theirs cannot be decoded."""

    def rows(self) -> None:
        """Look at every row by itself."""
        several = sum(len(split.rows) for split in self.splits) > _FEW
        with tempfile.TemporaryDirectory(prefix="affectree-check-") as folder:
            question = Path(folder) / "question"
            self.question.write(question)
            batches = [
                Batch(question, number, start, min(start + _BATCH, len(split.rows)))
                for number, split in enumerate(self.splits)
                for start in range(0, len(split.rows), _BATCH)
            ]
            try:
                with self.telling.phase("check rows", len(batches)) as shown:
                    for report in in_order(batch_report, batches, several):
                        self._take(report)
                        shown.step()
            finally:
                forget(question)
        for tally in self.tallies:
            tally.close()

    def media(
        self, what: str, look: Callable[[Medium, ClipSpec], Shape], spec: ClipSpec, threads: int, most: int | None = None
    ) -> None:
        """Look at every distinct video and image.

        Args:
            what: what is done with them, for the progress bar.
            look: finds out what a medium becomes, or raises `MediaError`.
            spec: how the run decodes media.
            threads: how many are looked at at a time.
            most: how many of each split to look at, spread over all; None for all.
        """
        chosen = [_spread(tally.named.distinct(), most) for tally in self.tallies]
        with self.telling.phase(what, sum(map(len, chosen))) as shown:
            for number, named in enumerate(chosen):
                for found in look_at_media(self.splits[number].rows, named, look, spec, threads):
                    self._take_medium(number, found)
                    shown.step()

    def lengths(self, split: int, found: Lengths, refused: bool) -> None:
        """Take how long the prompts of a split are.

        Args:
            split: its number.
            found: of its rows.
            refused: whether a row that is too long keeps a run from starting.
        """
        self.tallies[split].tokens = found.tokens
        for one in found.long:
            reason = f"its prompt has {one.tokens} tokens, with {one.limit} {one.because}"
            fix = "shorten it, lower data.max_frames or data.max_pixels, or set data.too_long to drop or fit"
            finding = Finding("error" if refused else "warning", "messages", reason, fix)
            reject = reject_at(self.splits[split].rows, one.place, finding)
            if refused:
                self.findings.error(split, one.place, reject)
            else:
                self.findings.warning(reject)

    def repeated(self) -> None:
        """Find rows that are there twice, and rows that contradict each other."""
        for number, tally in enumerate(self.tallies):
            found = repeats(tally.facts, ~self.findings.unusable[number])
            for place, first in zip(found.equal.tolist(), found.equal_to.tolist(), strict=True):
                reason = f"the same as {self._place(number, first)}"
                self._warn(number, place, Finding("warning", "", reason, "remove one of the two"))
            for place, first in zip(found.conflicting.tolist(), found.conflicting_with.tolist(), strict=True):
                reason = f"asks the same as {self._place(number, first)}, and has another answer or tree"
                self._warn(number, place, Finding("warning", "answer", reason, "find out which is right"))

    def shared(self) -> list[str]:
        """Find clips that are in several splits; returns a line for each pair of splits that share some."""
        counts: dict[tuple[int, int], list[int]] = {}
        for leak in leaks([tally.files for tally in self.tallies], self._contents):
            pair = counts.setdefault((leak.clip.split, leak.first.split), [0, 0])
            pair[0] += 1
            pair[1] += self._leaked(leak)
        return [
            f"{clips} clips of {self.splits[later].name}, of {rows} rows, are in {self.splits[first].name} too"
            for (later, first), (clips, rows) in sorted(counts.items())
        ]

    def _take(self, report: BatchReport) -> None:
        split = report.batch.split
        self.tallies[split].add(report)
        for place, reject in report.errors:
            self.findings.error(split, place, reject)
        for reject in report.warnings:
            self.findings.warning(reject)
        self.findings.more_warnings(report.untold)

    def _take_medium(self, split: int, found: MediumLook) -> None:
        """A medium that cannot be used spoils all rows that name it; what is unusual about one is told with its first row."""
        places = self.tallies[split].named.rows_of(found.digest)
        if found.shape is None:
            for place in places:
                reject = medium_reject(*self.splits[split].rows.origin(place), found)
                self.findings.error(split, place, reject)
                self.broken.append(reject)
            return
        self.tallies[split].add_shape(found.shape)
        for note in found.shape.notes:
            finding = Finding("warning", found.key, f"'{found.medium.path}' {note}", "look whether the file is whole")
            self._warn(split, places[0], finding)

    def _contents(self, clips: Iterable[Clip]) -> Iterator[bytes]:
        """Digests of what the files of clips hold."""
        chosen = list(clips)
        with self.telling.phase("compare clips of equal size", len(chosen)) as shown:
            for clip in chosen:
                medium = self._medium(clip)
                yield content_digest(files_of(medium), medium.content)
                shown.step()

    def _leaked(self, leak: Leak) -> int:
        """Tell of the rows of a clip that an earlier split has too; returns how many."""
        path, first_path = (self._medium(clip).path for clip in (leak.clip, leak.first))
        as_what = "" if first_path == path else f" as '{first_path}'"
        reason = f"its clip '{path}' is in {self.splits[leak.first.split].name} too{as_what}"
        rows = self.tallies[leak.clip.split].named.rows_of(leak.clip.medium)
        for place in rows:
            self._warn(leak.clip.split, place, Finding("warning", "", reason, "keep each clip in one split"))
        return len(rows)

    def _medium(self, clip: Clip) -> Medium:
        ((_, medium),) = media_of(self.splits[clip.split].rows, np.array([(clip.row, clip.medium)], dtype=NAMED))
        return medium

    def _place(self, split: int, place: int) -> str:
        file, row = self.splits[split].rows.origin(place)
        return f"row {row} of '{file}'"

    def _warn(self, split: int, place: int, finding: Finding) -> None:
        self.findings.warning(reject_at(self.splits[split].rows, place, finding))


def medium_reject(file: Path, row: int, found: MediumLook) -> Reject:
    """The reject of a row that names a medium which cannot be used."""
    return reject_of(RowError(f"{file}, row {row}, key `{found.key}`: {found.problem}"), file, row)


def _spread(named: np.ndarray, most: int | None) -> np.ndarray:
    return named if most is None or len(named) <= most else named[:: -(-len(named) // most)]
