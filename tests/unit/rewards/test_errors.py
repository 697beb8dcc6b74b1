"""What errors propose."""

from __future__ import annotations

from rewards.errors import did_you_mean


def test_the_nearest_word_is_named_where_one_is_near() -> None:
    assert did_you_mean("qunatity", ["quality", "quantity"]) == "; did you mean 'quantity'?"
    assert did_you_mean("xyz", ["quality", "quantity"]) == ""
