"""What goes to a scorer's process, and what is said of what cannot."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from rewards.plugins.sending import Unsendable, pack_hello, pack_samples, unpack_hello, unpack_samples
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import RewardSample


class Awkward:
    """Can be pickled in one of the two directions."""

    def __init__(self, way: str) -> None:
        self.way = way

    def __reduce__(self) -> Any:
        if self.way == "out":
            raise ZeroDivisionError("not out")
        return _rebuild, ("in",)


def _rebuild(way: str) -> None:
    raise LookupError(f"not {way}")


def test_a_scorer_and_samples_arrive_as_they_were() -> None:
    spec = ScorerSpec("mine", "file.py:f", {"a": [1, "b"]}, timeout=3.0)
    hello = pickle.loads(pack_hello(spec, ("x", "y")))
    assert (unpack_hello(hello), hello.path) == (spec, ("x", "y"))
    samples = [RewardSample("a", columns={"n": 1}), RewardSample("b")]
    number, packed = pickle.loads(pack_samples(7, samples))
    assert (number, unpack_samples(packed)) == (7, samples)


def test_what_cannot_go_is_named() -> None:
    with pytest.raises(PluginError) as told:
        pack_hello(ScorerSpec("mine", parameters={"fine": 1, "odd": Awkward("out")}), ())
    assert str(told.value).startswith(
        "scorer 'mine': parameter 'odd' cannot be sent to its process (ZeroDivisionError: not out);"
    )
    with pytest.raises(Unsendable, match=r"column 'odd' cannot be sent to its process \(ZeroDivisionError: not out\)$"):
        pack_samples(1, [RewardSample("a", columns={"fine": 1}), RewardSample("b", columns={"odd": Awkward("out")})])
    with pytest.raises(Unsendable, match=r"it cannot be sent to its process \(ZeroDivisionError"):
        pack_samples(1, [RewardSample("a", prompt=Awkward("out"))])  # type: ignore[arg-type]


def test_what_cannot_be_read_there_is_named() -> None:
    hello = pickle.loads(pack_hello(ScorerSpec("mine", parameters={"odd": Awkward("in")}), ()))
    with pytest.raises(PluginError, match=r"^scorer 'mine': its parameters cannot be read in its process \(LookupError: not in"):
        unpack_hello(hello)
    _, packed = pickle.loads(pack_samples(1, [RewardSample("a", columns={"odd": Awkward("in")})]))
    with pytest.raises(Unsendable, match="its process cannot read it"):
        unpack_samples(packed)
