"""Whether every row that a stage tunes on has an assistant turn to imitate, found out before anything starts."""

from __future__ import annotations

import numpy as np

from rl.config.schema import Config
from rl.record.console import warn
from rollout.rows.data import RowData
from rollout.rows.mixing import mixed_rows
from rollout.rows.row import RowError


def imitable(config: Config, train: RowData) -> RowData:
    """The training rows without those that a stage would tune on, though they have nothing to imitate.

    Raises:
        RowError: for the first such row, if none is to be left out (`data.bad_rows`).
    """
    mixes = [stage.mix for stage in config.curriculum.stages.values() if stage.steps != 0]
    tuned = mixed_rows(train, {pattern: 1.0 for mix in mixes for pattern, weight in mix.items() if weight > 0})
    drawn = np.concatenate([np.empty(0, np.int64), *tuned.values()])
    silent = np.sort(drawn[train.column("spoken")[drawn] == 0])
    if not len(silent):
        return train
    file, number = train.origin(int(silent[0]))
    first = f"{file}, row {number}, key `messages`: no assistant turn, and a stage tunes on it"
    if config.data.bad_rows == "refuse":
        others = f" ({len(silent)} rows have none)" if len(silent) > 1 else ""
        turn = 'end `messages` with {"role": "assistant", "content": …}'
        raise RowError(f"{first}{others}; {turn}, take it out of the stages' mixes, or set data.bad_rows=skip")
    warn(f"{len(silent)} rows are left out that stages would tune on, though they have no assistant turn; first {first}")
    return train.without(silent)
