"""The prompts of recorded groups: made again from the rows of the data, and compared with what the run had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rewards.errors import UserError
from rl.config.data_sets import data_sets
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.rollout_schema import prompt_digest, row_digest
from rl.record.rollouts import RecordedGroup, RecordedStep
from rollout.prompts import EncodedPrompt
from rollout.rows.data import RowData
from rollout.rows.row import Row
from rollout.rows.sets import open_sets
from rollout.samples import Prompt


class OtherRows(UserError):
    """The data has other rows than a step was made of, or they make other prompts."""


def training_rows(config: Config) -> RowData:
    """The rows that the run draws from. Raises `RowError` if they are not there; nothing is made in their place."""
    return open_sets(data_sets(config.data), config.data.holdout).train


def prompts_of(step: RecordedStep, data: RowData, encode: Callable[[Sequence[Row]], list[EncodedPrompt]]) -> list[Prompt]:
    """The prompt of each group.

    Args:
        step: what is recorded of a step.
        data: the rows of training, all of them or not.
        encode: makes prompts of rows.

    Raises:
        OtherRows: if the data has other rows where those of the step were, or if a row makes another prompt.
    """
    places = [group.row for group in step.groups]
    if max(places) >= data.starts[-1]:
        raise OtherRows(f"step {step.step} was made of row {max(places) + 1}, and there are {data.starts[-1]}; {_WAY_OUT}")
    chosen = RowData(data.parts, data.path, np.array(places, dtype=np.int32))
    rows = [_limited(row, group) for row, group in zip(chosen, step.groups, strict=True)]
    others = [place for place, row in enumerate(rows) if row_digest(row) != step.groups[place].row_digest]
    if others:
        asked = "asks something else, or about other media, than when the run learned from it"
        raise OtherRows(f"step {step.step}: {_named(chosen, others)} {asked}; {_WAY_OUT}")
    encoded = encode(rows)
    others = [place for place, one in enumerate(encoded) if prompt_digest(one) != step.groups[place].prompt_digest]
    if others:
        why = "its media, the settings of data that say how they are shown, or the model's processor have changed"
        raise OtherRows(f"step {step.step}: {_named(chosen, others)} makes another prompt than it did: {why}")
    mended = [place for place, row in enumerate(rows) if _gold(row, step.groups[place]) != step.groups[place].gold]
    if mended:
        gold = "has other gold than when the run learned from it, which is used as it is now"
        warn(f"step {step.step}: {_named(chosen, mended)} {gold}")
    pairs = zip(step.groups, rows, encoded, strict=True)
    return [Prompt(group.key, row, one) for group, row, one in pairs]


_WAY_OUT = "name the data that the run had, by data.directory, data.train or data.sets"


def _limited(row: Row, group: RecordedGroup) -> Row:
    return replace(row, media=tuple(medium.at_most(*group.limits) for medium in row.media)) if group.limits else row


def _gold(row: Row, group: RecordedGroup) -> dict[str, object]:
    return {name: getattr(row, name) for name in group.gold}


def _named(rows: RowData, places: Sequence[int]) -> str:
    file, number = rows.origin(places[0])
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return f"{file}, row {number}{more}"
