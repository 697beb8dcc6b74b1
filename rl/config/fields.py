"""What a field of the schema says beside its type and default: the range and the unit of its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any, TypeVar

_BOUNDS = "bounds"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Bounds:
    """The range that a field's number has to lie in, or each of its numbers."""

    least: float | None = None
    """The smallest allowed value."""
    above: float | None = None
    """Values have to be larger than this."""
    most: float | None = None
    """The largest allowed value."""
    below: float | None = None
    """Values have to be smaller than this."""
    unit: str = ""
    """What is counted or measured; empty for a plain number."""
    words: str = ""
    """The range in words, in place of those that are made from the bounds."""
    because: str = ""
    """Why there is a bound, where that is not obvious."""

    def hold(self, value: float) -> bool:
        """Whether a finite number is in the range."""
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def problem(self, value: float) -> str | None:
        """What is wrong with a number, in words; None for one that is in the range."""
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        if self.hold(value):
            return None
        must = f"must {'lie' if self.in_words().startswith('between') else 'be'} {self.in_words()}"
        return f"{self.because}; it {must}" if self.because else must

    def in_words(self) -> str:
        """The range, such as `0 or more`."""
        if self.words:
            return self.words
        if self.least is not None and self.most is not None:
            return f"between {self.least:g} and {self.most:g}"
        low_end = f"{self.least:g} or more" if self.least is not None else f"above {self.above:g}"
        if self.most is not None:
            return f"{low_end} and at most {self.most:g}"
        return f"{low_end} and below {self.below:g}" if self.below is not None else low_end


def bounds(unit: str = "", **limits: Any) -> Mapping[str, Any]:
    """The metadata of a field with a list of numbers, or a mapping to numbers.

    Args:
        unit: see `Bounds`.
        limits: the other fields of `Bounds`: at least one of `least` and `above`.
    """
    return {_BOUNDS: Bounds(unit=unit, **limits)}


def bounded(default: Value, unit: str = "", **limits: Any) -> Value:
    """A field with one number; the arguments are those of `bounds`."""
    return field(default=default, metadata=bounds(unit, **limits))


def bounds_of(one: Field[Any]) -> Bounds | None:
    """The range of a field; None for one that holds no numbers."""
    found = one.metadata.get(_BOUNDS)
    assert isinstance(found, (Bounds, type(None)))
    return found
