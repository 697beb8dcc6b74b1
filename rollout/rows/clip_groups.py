"""Rows about one clip in groups that are drawn together, so that whatever computes the clip does it once for all of them.

By row, a draw is row r with probability p(r), its rate: the sum of w / n over the patterns of the mix that it fits, where w is
the pattern's share of the weights and n the number of its rows. Drawn in groups, rows are to come in the same proportions.

A group G has the rate q(G) = max of p(r) over its rows. A draw takes the group G with probability q(G) / Q, where Q is the sum
over all groups, and of it each row r with probability p(r) / q(G), which is 1 for the rows that are drawn most often. So the
expected number of times that a draw has row r is

    q(G) / Q · p(r) / q(G)  =  p(r) / Q,

in proportion to p(r), whatever the groups are. Hence every pattern has the share of its weight in expectation, and every row of
it comes equally often. No scheme that has a row once in a group needs fewer draws of a clip than its most frequent row has; this
one needs as many, where the clip has no more rows than a group may have. The mean size of a group follows from the mix: a clip
with one row of a pattern that is to be half of all rows, and five of the other half, is drawn with 2 rows in the mean.

Which rows go together is fixed: a clip's rows are put in order of their rates, equal ones shuffled, and cut into groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NO_CLIP = 0
"""The clip of a row that shows nothing: such rows are groups of their own, each."""
_TURN = (5**0.5 - 1) / 2
"""The golden section: its multiples, without their whole parts, fill the range from 0 to 1 more evenly than any other's."""


@dataclass(frozen=True)
class ClipGroups:
    """Groups of rows that are drawn together."""

    rows: np.ndarray
    """Indices of the rows of all groups, one group after the other, int (N,)."""
    starts: np.ndarray
    """Where each group begins, and the end of the last one, int (G + 1,)."""
    shares: np.ndarray
    """In which share of its group's draws each row comes, above 0 and up to 1, (N,)."""
    rates: np.ndarray
    """How often each group is drawn, relative to the others, (G,)."""
    phases: np.ndarray
    """Evenly random numbers from 0 to 1, one for each group, (G,)."""

    def drawn(self, groups: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The rows of some draws, those of one draw after those of the other, int (K,).

        A row comes if a number of the draw is below its share. That number is evenly distributed between 0 and 1, and those of a
        group's successive draws fill this range evenly: a row with a share of 1/3 comes about every third time. Of the rows
        with lower shares none comes without those with higher ones, so that few draws have many rows.

        Args:
            groups: numbers of the groups that are drawn, int (B,).
            times: how often each was drawn before, int (B,).
        """
        sizes = self.starts[groups + 1] - self.starts[groups]
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[groups] - (ends - sizes), sizes)
        levels = (self.phases[groups] + times * _TURN) % 1.0
        found: np.ndarray = self.rows[places[np.repeat(levels, sizes) < self.shares[places]]]
        return found


def clip_groups(rates: np.ndarray, clips: np.ndarray, most: int, seed: int) -> ClipGroups:
    """Put rows about one clip into groups.

    Args:
        rates: how often each row is to be drawn, relative to the others, (N,); 0 for never.
        clips: a number for the clip of each row, int (N,); `NO_CLIP` where it has none. Clips with the same number are drawn
            together, which is no harm.
        most: rows of a group at most.
        seed: sets which rows go together, where a clip has more than `most`, and the phases.
    """
    rng = np.random.default_rng(seed)
    drawn = np.flatnonzero(rates > 0)
    order = drawn[np.lexsort((rng.random(len(drawn)), -rates[drawn], clips[drawn]))]
    clip = clips[order]
    begins = np.ones(len(order), dtype=bool)  # of each row whether it is the first about its clip
    begins[1:] = (clip[1:] != clip[:-1]) | (clip[1:] == NO_CLIP)
    first = np.flatnonzero(begins)
    in_clip = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    starts = np.flatnonzero(in_clip % most == 0)
    of_group = rates[order[starts]]
    shares = rates[order] / np.repeat(of_group, np.diff(starts, append=len(order)))
    return ClipGroups(order, np.append(starts, len(order)), shares, of_group, rng.random(len(starts)))
