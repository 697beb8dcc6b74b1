"""Every setting can be looked up, with its meaning and its range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import pytest
from rich.console import Console

from rl.config import schema
from rl.config.explain import UnknownSetting, docstrings, explain
from rl.config.explain_view import explanation_view
from rl.config.fields import bounds_of
from rl.config.keys import all_keys, hints, without_none

SECTIONS = [kind for kind in vars(schema).values() if is_dataclass(kind) and kind.__module__.startswith("rl.config")]


def shown(key: str) -> str:
    console = Console(width=400)
    with console.capture() as captured:
        console.print(explanation_view(explain(key)))
    return re.sub(" +", " ", captured.get())


def numbers(kind: Any) -> Iterator[Any]:
    """The types of numbers in a field's type."""
    kind = without_none(kind)
    if kind in (int, float):
        yield kind
    elif getattr(kind, "__origin__", None) in (list, dict):
        yield from numbers(get_args(kind)[-1])


def test_there_are_all_sections() -> None:
    assert {len(fields(section)) > 0 for section in SECTIONS} == {True}
    assert len(SECTIONS) == 20


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_field_has_a_docstring_and_every_number_a_range(section: type) -> None:
    for one in fields(section):
        said = docstrings(section).get(one.name, "")
        assert said[:1].isalpha() or said[:1] in "[`", f"{section.__name__}.{one.name} has no docstring: {said!r}"
        assert said[-1] in ".)", f"{section.__name__}.{one.name}: {said!r}"
        assert not said.startswith("Of ")
        assert bool(list(numbers(hints(section)[one.name]))) == (bounds_of(one) is not None), f"{section.__name__}.{one.name}"
        if (bounds := bounds_of(one)) is not None:
            assert bounds.least is not None or bounds.above is not None


def test_every_key_can_be_looked_up() -> None:
    for key in all_keys():
        found = explain(key)
        assert found.key == key
        assert found.meaning and found.holds


def test_a_setting_is_told_with_its_type_range_unit_default_and_meaning() -> None:
    assert shown("grpo.clip_low").split("\n")[:2] == ["grpo.clip_low: 0.2 by default", "a number, above 0 "]
    assert "a number (seconds), above 0" in shown("rollout.timeout")
    assert "2 or more" in shown("grpo.group")
    assert "one of k1, k2, k3" in shown("grpo.kl_estimator")
    assert "one of grpo, dr_grpo, " in shown("grpo.estimator") and "or file.py:function" in shown("grpo.estimator")
    assert "a list of vision, projector" in shown("model.freeze")
    assert "or null" in shown("grpo.dual_clip") and "grpo.dual_clip: null by default" in shown("grpo.dual_clip")
    assert "model.lora.modules: [q_proj, " in shown("model.lora.modules")
    assert "algo/dapo" in shown("base")


def test_a_section_is_told_as_a_table_of_its_settings() -> None:
    lines = shown("learner").split("\n")
    assert lines[0].strip() == "learner"
    assert any(line.startswith("learner.beta2 0.95 a number, 0 or more and below 1 AdamW's") for line in lines)
    assert "curriculum.stages.NAME.batch 32" in shown("curriculum.stages")
    assert explain("curriculum.stages.emotion.batch").key == "curriculum.stages.NAME.batch"
    assert explain("grpo.mix.rationale").key == "grpo.mix"
    assert {one.key for one in explain().settings} > {"name", "grpo", "cluster"}


def test_a_key_that_there_is_not_is_told_with_the_nearest() -> None:
    for key, near in (("grpo.clip_lwo", "'clip_low'"), ("clip_low", "'grpo.clip_low'"), ("reward", "'rewards'")):
        with pytest.raises(UnknownSetting, match=f"no such setting; did you mean {near}"):
            explain(key)
    with pytest.raises(
        UnknownSetting, match=r"grpo\.preset: is gone; name the file as a base, such as base=algo/dapo \([\w/.]+\)$"
    ):
        explain("grpo.preset")


def test_a_setting_that_may_be_another_when_a_run_goes_on_says_why() -> None:
    assert "May be another when a run goes on: where the run is done, not what." in shown("cluster.address")
    assert "goes on" not in shown("grpo.kl")
