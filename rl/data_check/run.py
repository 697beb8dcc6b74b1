"""A whole check, from opened rows to its summary and its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.mix import MixEntry, with_sources
from rl.data_check.batch import Question
from rl.data_check.check import DataCheck
from rl.data_check.findings import Findings
from rl.data_check.gold import asks_judge
from rl.data_check.lengths import Checkpoint, Limit, bounds_of, measure
from rl.data_check.opening import Opened
from rl.data_check.summary import Summary
from rl.data_check.uses import Uses
from rollout.media.decoders import Decoders
from rollout.media.medium import ClipSpec
from rollout.media.probe import probe
from rollout.rows.cache import cache_folder, digest
from rollout.rows.data import RowData
from rollout.rows.progress import Telling

_OPENED = 2000
"""Media of each split that are opened, spread over all, where none is decoded: enough to say how long videos are."""
_MOST_THREADS = 16
Limits = Callable[[str, RowData, Any], Iterable[Limit]]
"""(name of a split, its rows, what prompts have at most) -> how long which rows may be."""


@dataclass(frozen=True)
class Request:
    """What is to be checked."""

    opened: Opened
    entries: tuple[MixEntry, ...]
    """The scorers that gold is tried on."""
    clip: ClipSpec
    """How the run decodes media."""
    decode: bool
    """Decode all media, rather than open some."""
    rejects: Path
    """File for the rows that cannot be used; the warnings go beside it."""
    checkpoint: Checkpoint | None
    """Whose processor counts the tokens of prompts; None leaves that out."""
    limits: Limits
    """How long which rows may be."""
    uses: Uses | None = None
    """What the run does with rows; None where no run is known."""
    refuse_long: bool = False
    """Whether a row that is too long keeps the run from starting."""
    remarks: tuple[str, ...] = ()
    """What else is to be said."""
    refusals: tuple[str, ...] = ()
    """Why the run would not start, whatever its rows are like."""

    @property
    def warnings(self) -> Path:
        """File for the warnings."""
        return self.rejects.with_suffix(".warnings.jsonl")


def default_rejects(*names: str) -> Path:
    """Where the findings about a data set are written if nothing else is said.

    Args:
        names: what the data set is told by.
    """
    return cache_folder() / "checks" / digest(str(Path.cwd()), *names) / "rejects.jsonl"


def check_data_set(request: Request, telling: Telling) -> Summary:
    """Look at all of a data set, write what is wrong with it, and keep for its runs which rows no run can use.

    Raises:
        PluginError: if a scorer cannot be loaded.
        OSError: if the findings cannot be written.
    """
    opened, threads = request.opened, min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    splits = opened.splits
    request.rejects.parent.mkdir(parents=True, exist_ok=True)
    with Findings([len(split.rows) for split in splits], request.rejects, request.warnings) as findings:
        for reject in opened.files.rejects():
            findings.unreadable(reject)
        check = DataCheck(Question(splits, request.uses, tuple(with_sources(request.entries))), findings, telling)
        check.rows()
        if request.decode:
            with Decoders(threads) as decoders:
                check.media("decode media", decoders.look, request.clip, threads)
        else:
            check.media("open media", probe, request.clip, threads, _OPENED)
        if request.checkpoint is not None:
            bounds = bounds_of(request.checkpoint)
            for number, split in enumerate(splits):
                limits = request.limits(split.name, split.rows, bounds)
                check.lengths(number, measure(split.rows, bounds, limits, request.checkpoint, telling), request.refuse_long)
        check.repeated()
        remarks = [*check.shared(), *_untried(request)]
        opened.files.keep_rejects([*opened.kept(), *check.broken])
        return Summary(
            splits=tuple(tally.summary(found) for tally, found in zip(check.tallies, findings.unusable, strict=True)),
            kinds=findings.kinds(),
            unusable=opened.files.rejected + sum(int(found.sum()) for found in findings.unusable),
            remarks=(*request.remarks, *remarks),
            refusals=request.refusals,
        )


def _untried(request: Request) -> list[str]:
    """A line about scorers that gold was not tried on."""
    names = [entry.scorer.name for entry in request.entries if entry.weight > 0 and asks_judge(entry)]
    return [f"gold was not tried on scorers that ask a judge: {', '.join(names)}"] if names else []
