"""How rows are spread over the learner ranks: those about one clip on one rank, and so that ranks compute about as many tokens.
Imports no torch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from rollout.media.medium import ClipSpec, Medium
from rollout.rows.row import Row

_IMAGE_PATCH = 28 * 28
"""Pixels that become a token."""
_FRAMES = 2
"""Frames of a video that become the tokens of one."""
_BYTES = 4
"""Bytes of a text that become a token, about."""


def spread(rows: Sequence[Row], ranks: int, spec: ClipSpec) -> list[list[int]]:
    """Places of each rank's rows, in order: rows with the same media together, the largest first, always to the rank with the
    fewest tokens.

    A rank decodes and computes once what its rows share. Where rows show fewer different media than there are ranks, the most
    rows that show the same are halved until every rank has some, or has one row and others have none.

    Args:
        rows: to be spread.
        ranks: number of ranks.
        spec: how media become frames, by which their tokens are estimated.
    """
    alike: dict[Hashable, list[int]] = {}
    for place, row in enumerate(rows):
        alike.setdefault(row.media or place, []).append(place)
    groups = list(alike.values())
    while len(groups) < min(ranks, len(rows)):
        largest = groups.pop(max(range(len(groups)), key=lambda number: len(groups[number])))
        half = len(largest) // 2
        groups += [largest[:half], largest[half:]]
    sizes = [distinct_tokens([rows[place] for place in group], spec) for group in groups]
    found = [[place for number in share for place in groups[number]] for share in evenly(sizes, ranks)]
    return [sorted(places) for places in found]


def evenly(sizes: Sequence[int], ranks: int) -> list[list[int]]:
    """Places of what each rank gets of things of these sizes: the largest first, always to the rank that has least."""
    found: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for place in sorted(range(len(sizes)), key=lambda place: sizes[place], reverse=True):
        rank = loads.index(min(loads))
        found[rank].append(place)
        loads[rank] += sizes[place]
    return found


def distinct_tokens(rows: Sequence[Row], spec: ClipSpec) -> int:
    """Tokens of rows that show the same, which count once, by an estimate: no file is looked at."""
    return sum(_shown(medium, spec) for medium in rows[0].media) + sum(map(_said, rows))


def _shown(medium: Medium, spec: ClipSpec) -> int:
    most = medium.limited(spec)
    pixels = most.max_pixels if medium.kind == "image" else most.max_pixels * most.max_frames // _FRAMES
    return pixels // _IMAGE_PATCH


def _said(row: Row) -> int:
    texts = [row.question, row.reference or "", *(turn.text for turn in row.context)]
    return 1 + sum(len(text.encode("utf-8", errors="surrogatepass")) for text in texts) // _BYTES
