"""A wrong adapter, or a missing one, is told when the function is loaded: every form of every peer under every adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rewards.plugins.adapter_names import ADAPTER_NAMES
from rewards.plugins.adapters.registry import ADAPTERS
from rewards.plugins.loading import load_scorer
from rewards.plugins.spec import PluginError, ScorerSpec

PEERS = Path(__file__).parents[1] / "peers"
ARGUMENTS = {"soft_max_length": 3, "soft_cache_length": 2}
OVERLONG = {"max_completion_len": 3, "soft_punish_cache": 2}
FORMS: list[tuple[str, tuple[str | None, ...], dict[str, Any]]] = [
    ("native_style.py:one", (None,), {}),
    ("native_style.py:annotated", (None,), {}),
    ("native_style.py:declared", (None,), {}),
    ("trl_style.py:format_reward", ("trl", "ms_swift"), {}),  # texts and columns: the same contract
    ("trl_style.py:slow_service", ("trl", "ms_swift"), {}),
    ("trl_style.py:accuracy_or_none", ("trl",), {}),
    ("trl_style.py:logs_numpy", ("trl",), {}),
    ("trl_style.py:conversational", ("trl_conversational",), {}),
    ("trl_style.py:get_soft_overlong_punishment", ("trl", "trl_conversational"), {"factory": True, "parameters": OVERLONG}),
    ("r1_style.py:accuracy_reward", ("trl_conversational",), {}),
    ("r1_style.py:format_reward", ("trl_conversational",), {}),
    ("r1_style.py:reward_funcs_registry.tag_count", ("trl_conversational",), {}),
    ("r1_style.py:get_cosine_scaled_reward", ("trl_conversational",), {"factory": True}),
    ("verl_style.py:compute_score", ("verl",), {}),
    ("verl_style.py:rule_of_a_data_set", ("verl",), {}),
    ("verl_style.py:numpy_score", ("verl",), {}),
    ("verl_style.py:compute_scores", ("verl_batch",), {}),
    ("openrlhf_style.py:reward_func", ("openrlhf",), {}),
    ("openrlhf_style.py:one_sample", ("openrlhf",), {}),
    ("swift_style.py:Accuracy", ("ms_swift",), {}),
    ("swift_style.py:orms.accuracy", ("ms_swift",), {}),
    ("swift_style.py:SoftOverlong", ("ms_swift",), {"parameters": ARGUMENTS}),
    ("swift_style.py:Remote", ("ms_swift",), {}),
    ("swift_style.py:orm_function", ("ms_swift",), {}),
    ("easyr1_style.py:compute_score", ("easyr1",), {}),
    ("easyr1_sequential.py:compute_score", ("easyr1",), {}),
]


@pytest.mark.parametrize("adapter", [None, *ADAPTER_NAMES])
@pytest.mark.parametrize(("target", "right", "settings"), FORMS, ids=[form[0] for form in FORMS])
def test_the_right_adapter_loads_and_the_wrong_one_is_told(
    target: str, right: tuple[str | None, ...], settings: dict[str, Any], adapter: str | None
) -> None:
    spec = ScorerSpec("peer", str(PEERS / target), adapter=adapter, **settings)
    if adapter in right:
        load_scorer(spec)
        return
    with pytest.raises(PluginError) as refused:
        load_scorer(spec)
    hint = "leave `adapter` out" if right == (None,) else f"write adapter: {' or '.join(map(str, right))}"
    found = f", found adapter: {adapter}" if adapter else ""
    assert str(refused.value).startswith(f"scorer 'peer': {PEERS / target} looks like ")
    assert str(refused.value).endswith(hint + found)


def test_every_name_has_its_adapter() -> None:
    assert tuple(ADAPTERS) == ADAPTER_NAMES


@pytest.mark.parametrize("adapter", [*ADAPTER_NAMES])
def test_what_tells_nothing_is_refused_only_where_it_cannot_be_called(adapter: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def takes_anything(*some, **more): ...\ndef of_text(text): ...\ndef make(size=1): ...\n")
    load_scorer(ScorerSpec("x", f"{file}:takes_anything", adapter=adapter))
    load_scorer(ScorerSpec("x", f"{file}:of_text"))
    if adapter == "easyr1":
        load_scorer(ScorerSpec("x", f"{file}:of_text", adapter=adapter))
        return
    with pytest.raises(PluginError, match=rf":of_text does not take what {adapter} calls with, \("):
        load_scorer(ScorerSpec("x", f"{file}:of_text", adapter=adapter))
    with pytest.raises(PluginError, match=r"; if it makes the scorer, write factory: true$"):
        load_scorer(ScorerSpec("x", f"{file}:make", adapter=adapter))


CLUES = [
    # (a function of completions, the adapters that may be right)
    ("def f(completions, **k): return [len(c) for c in completions]", ("trl", "ms_swift")),
    ("def f(completions: list[str], **k): return [c.get('content') for c in completions]", ("trl", "ms_swift")),
    ("def f(completions: list[list[dict[str, str]]], **k): return [len(str(c)) for c in completions]", ("trl_conversational",)),
    ("def f(completions, **k): return [c[-1]['content'] for c in completions]", ("trl_conversational",)),
    (
        "def text(c): return c[0]['content']\ndef f(completions, **k): return [len(text(c)) for c in completions]",
        ("trl_conversational",),
    ),
    (  # both forms
        "def f(completions, **k): return [c if isinstance(c, str) else c[0]['content'] for c in completions]",
        ("trl", "trl_conversational", "ms_swift"),
    ),
    (  # a word that may mean anything
        "import re\ndef f(completions, **k): return [len(re.search('(?P<content>.)', c)['content']) for c in completions]",
        ("trl", "trl_conversational", "ms_swift"),
    ),
    (  # messages, but of a column
        "def f(completions, messages, **k): return [len(m[0]['content']) for m in messages]",
        ("trl", "trl_conversational", "ms_swift"),
    ),
    ("def f(completions, **k): return [len(i) for i in k['completion_ids']]", ("trl",)),
    ("def f(completions, **k): return [len(i) for i in k['response_token_ids']]", ("ms_swift",)),
]


@pytest.mark.parametrize(("text", "right"), CLUES)
@pytest.mark.parametrize("adapter", ["trl", "trl_conversational", "ms_swift"])
def test_texts_and_messages_are_told_apart_by_what_is_certain(
    text: str, right: tuple[str, ...], adapter: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text + "\n")
    spec = ScorerSpec("x", f"{file}:f", adapter=adapter)
    if adapter in right:
        load_scorer(spec)
        return
    with pytest.raises(PluginError, match=f"write adapter: {' or '.join(right)}, found adapter: {adapter}$"):
        load_scorer(spec)
