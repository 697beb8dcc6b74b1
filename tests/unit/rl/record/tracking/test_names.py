"""Names and values as MLflow takes them."""

from __future__ import annotations

import pytest
from mlflow.utils.validation import (
    MAX_ENTITY_KEY_LENGTH,
    MAX_PARAM_VAL_LENGTH,
    MAX_TAG_VAL_LENGTH,
    _validate_metric_name,
    _validate_param,
    _validate_tag,
)

from rl.record.tracking.names import LONGEST_NAME, LONGEST_PARAMETER, LONGEST_TAG, Names, mlflow_name, shortened

TAKEN = (
    "reward/mean",
    "reward/parts/leaf.recall",
    "eval/Closed attributes/ER single",
    "a-b_c 1",
    "größe/日本",
    ".hidden",
    "a/...b",
)
REFUSED = (
    "odd [key]@",
    "a//b",
    "/a",
    "a/",
    "../a",
    "...a",
    "a/./b",
    ".",
    "",
    "a:b",
    "what?",
    "b\nc",
    "x" * 251,
    "é?" * 200,
    "-any-",
)


def test_our_limits_are_those_of_mlflow() -> None:
    assert (LONGEST_NAME, LONGEST_PARAMETER, LONGEST_TAG) == (MAX_ENTITY_KEY_LENGTH, MAX_PARAM_VAL_LENGTH, MAX_TAG_VAL_LENGTH)


@pytest.mark.parametrize("name", TAKEN)
def test_what_mlflow_takes_stays_as_it_is(name: str) -> None:
    assert mlflow_name(name) == name


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED, "grpo.mix.attribute_*", "*"])
def test_mlflow_takes_every_name_that_is_made(name: str) -> None:
    made = mlflow_name(name)
    _validate_metric_name(made)
    assert _validate_param(made, "1").key == _validate_tag(made, "1").key == made


def test_different_names_stay_different() -> None:
    names = [*TAKEN, *REFUSED, "a/b", "odd _key__", "odd (key)@", "*", "a*", "a-any-", "x" * 252]
    assert len({mlflow_name(name) for name in names}) == len(names)


def test_a_name_that_was_replaced_is_told_once_and_a_pattern_is_not() -> None:
    told: list[str] = []
    names = Names(told.append)
    assert [names("a?"), names("a?"), names("plain"), names("mix.qa_*")] == [mlflow_name("a?")] * 2 + ["plain", "mix.qa_-any-"]
    assert told == [f"MLflow takes no such name as 'a?': it is {mlflow_name('a?')!r} there"]


def test_a_long_value_ends_in_what_is_left_out_and_where_it_is() -> None:
    assert shortened("x" * 100, 100, "config.yaml") == "x" * 100
    cut = shortened("x" * 10_000, 100, "config.yaml")
    kept = len(cut) - len(cut.lstrip("x"))
    assert len(cut) <= 100
    assert cut.lstrip("x") == f" … ({10_000 - kept} more, in config.yaml)"
