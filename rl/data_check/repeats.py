"""Rows that are there twice, and rows that ask the same and hold something else for right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Repeats:
    """Places of rows that repeat others, each with the place of the first row that is like it; int32 arrays, in order."""

    equal: np.ndarray
    equal_to: np.ndarray
    conflicting: np.ndarray
    """Rows that ask the same about the same media as an earlier row, with another answer or tree."""
    conflicting_with: np.ndarray


def repeats(facts: np.ndarray, usable: np.ndarray) -> Repeats:
    """Find repeated rows among the usable ones.

    Args:
        facts: of all rows of a split, `facts.ROW` (n,).
        usable: which rows can be used, bool (n,).
    """
    places_of = np.flatnonzero(usable).astype(np.int32)
    places = np.arange(len(places_of))
    first_whole = _first(facts["whole"][usable])
    equal = places[first_whole != places]
    first_asked = _first(facts["asked"][usable])
    gold = facts["gold"][usable]
    conflicting = places[(gold != gold[first_asked]) & (first_asked != places)]
    return Repeats(places_of[equal], places_of[first_whole[equal]], places_of[conflicting], places_of[first_asked[conflicting]])


def _first(keys: np.ndarray) -> np.ndarray:
    """For each key, the place at which it stands first; int64 (n,)."""
    _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
    found: np.ndarray = firsts[inverse]
    return found
