"""An endless sequence of rows in which those about one clip come together, and which can begin at any place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rollout.rows.clip_groups import ClipGroups
from rollout.rows.draws import blocks


def clip_draws(groups: ClipGroups, seed: int, done: int = 0) -> Iterator[int]:
    """Row indices without end, group after group; the same seed gives the same sequence.

    Groups of the same rate are a pool, weighed by the sum of its rates, and come in shuffled epochs. So

    - exactly: a group comes once in an epoch of its pool, with no row twice; where all rows are to come equally often, there is
      one pool, and each row comes once in as many draws as there are rows, as it does by row;
    - in expectation: each draw of a group has every row in proportion to its rate (`clip_groups.py`). The rows of a step are cut
      out of the sequence, and what is cut off comes in the next step, so that nothing that was drawn is lost: of the first R
      rows, a pattern has R times its share but for less than one group.

    A row comes twice in a step only where an epoch of its pool ends within the step, as it does by row.

    Args:
        groups: which rows come together.
        seed: sets the order.
        done: rows that are left out at the beginning. They are drawn again, but in pieces and without reading any: that takes
            seconds for millions.
    """
    rates, pool_of = np.unique(groups.rates, return_inverse=True)
    sizes = np.bincount(pool_of)
    pools = np.split(np.argsort(pool_of, kind="stable"), np.cumsum(sizes)[:-1])
    left = done
    for members, times in blocks(pools, (rates * sizes).tolist(), seed):
        rows = groups.drawn(members, times)
        yield from rows[left:].tolist()
        left = max(0, left - len(rows))
