"""Clips that are in more than one split, by what their files hold and not by what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from rl.data_check.facts import FILE

_AT_ONCE = 2**20


@dataclass(frozen=True)
class Clip:
    """A medium of a split."""

    split: int
    row: int
    """A row that names it."""
    medium: int
    """Its digest."""


@dataclass(frozen=True)
class Leak:
    """A clip that an earlier split has too."""

    clip: Clip
    first: Clip
    """The same clip in the earlier split."""


def leaks(files: Sequence[np.ndarray], contents: Callable[[Iterable[Clip]], Iterable[bytes]]) -> list[Leak]:
    """The clips that several splits share.

    Only files of equal size can be equal, so that few have to be read.

    Args:
        files: for each split its media, `facts.FILE` (n,).
        contents: reads the content of clips and returns a digest of each.
    """
    suspects = _of_equal_size(files)
    keys = _keys(suspects, contents)
    first: dict[bytes, Clip] = {}
    found = []
    for clip, key in sorted(zip(map(_clip, suspects), keys, strict=True), key=lambda one: (one[0].split, one[0].row)):
        there = first.setdefault(key, clip)
        if there.split != clip.split:
            found.append(Leak(clip, there))
    return found


def content_digest(paths: Sequence[str], content: bytes) -> bytes:
    """A digest of all that a medium's files hold; raises `OSError`."""
    found = blake2b(content, digest_size=16)
    for path in paths:
        with Path(path).open("rb") as file:
            while block := file.read(_AT_ONCE):
                found.update(block)
    return found.digest()


def _of_equal_size(files: Sequence[np.ndarray]) -> np.ndarray:
    """The media whose files have as many bytes as one of another split: the split of each, and its `FILE`."""
    marked = np.dtype([("split", "i2"), *FILE.descr])
    everything = np.zeros(sum(map(len, files)), dtype=marked)
    everything["split"] = np.repeat(np.arange(len(files)), [len(one) for one in files])
    for name in FILE.names or ():
        everything[name] = np.concatenate([one[name] for one in files]) if files else []
    if not len(everything):
        return everything
    ordered = everything[np.argsort(everything["size"], kind="stable")]
    starts = np.flatnonzero(np.r_[True, ordered["size"][1:] != ordered["size"][:-1]])
    least, most = np.minimum.reduceat(ordered["split"], starts), np.maximum.reduceat(ordered["split"], starts)
    chosen: np.ndarray = ordered[np.repeat(least != most, np.diff(np.r_[starts, len(ordered)]))]
    return chosen


def _keys(suspects: np.ndarray, contents: Callable[[Iterable[Clip]], Iterable[bytes]]) -> list[bytes]:
    """What each suspect's content is told by. A file that is named twice is read once, and not at all where no other file is as
    large."""
    pairs = np.unique(suspects[["size", "file"]])
    sizes, files = np.unique(pairs["size"], return_counts=True)
    several = set(sizes[files > 1].tolist())
    _, first = np.unique(suspects["file"], return_index=True)
    read = [suspects[place] for place in first if int(suspects[place]["size"]) in several]
    known = dict(zip((int(one["file"]) for one in read), contents([_clip(one) for one in read]), strict=True))
    return [known.get(file, file.to_bytes(8, "little")) for file in suspects["file"].tolist()]


def _clip(suspect: np.void) -> Clip:
    return Clip(int(suspect["split"]), int(suspect["row"]), int(suspect["medium"]))
