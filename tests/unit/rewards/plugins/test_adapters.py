"""Reward functions of the peers run unchanged, with the numbers that they give when called directly."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import Failure, RewardSample, Score
from tests.unit.rewards.plugins.peers import easyr1_style, openrlhf_style, swift_style, trl_style, verl_style

PEERS = Path(__file__).parent / "peers"
TEXTS = ("angry", "<think>x</think><answer>angry</answer>", "sad")
IDS = ((1, 2), (1, 2, 3), ())
SAMPLES = [
    RewardSample(
        text,
        prompt="Which?",
        answer="angry",
        completion_tokens=len(ids),
        completion_ids=ids,
        columns={"source": "faces", "age": 3},
    )
    for text, ids in zip(TEXTS, IDS, strict=True)
]


def through(adapter: str, target: str, **parameters: Any) -> list[Any]:
    runner = start_runner(ScorerSpec("peer", str(PEERS / target), parameters, adapter=adapter))
    try:
        return runner.score(SAMPLES)
    finally:
        runner.close()


def values(outcomes: list[Any]) -> list[float | None]:
    assert not any(isinstance(outcome, Failure) for outcome in outcomes), outcomes
    return [None if outcome is None else outcome.value for outcome in outcomes]


def test_trl() -> None:
    assert values(through("trl", "trl_style.py:format_reward")) == trl_style.format_reward(list(TEXTS))
    assert values(through("trl", "trl_style.py:slow_service")) == asyncio.run(trl_style.slow_service(list(TEXTS)))
    logged = SimpleNamespace(extra={}, metric={})
    direct = trl_style.accuracy_or_none(
        ["Which?"] * 3, list(TEXTS), list(IDS), ["angry"] * 3, logged.extra.__setitem__, logged.metric.__setitem__
    )
    found = through("trl", "trl_style.py:accuracy_or_none")
    assert values(found) == direct
    assert [score.parts["length"] for score in found] == logged.extra["length"]
    assert {score.parts["share_right"] for score in found} == set(logged.metric.values())


def test_trl_conversational() -> None:
    chats = [[{"role": "assistant", "content": text}] for text in TEXTS]
    direct = trl_style.conversational([[{"role": "user", "content": "Which?"}]] * 3, chats)
    assert values(through("trl_conversational", "trl_style.py:conversational")) == direct


def test_verl() -> None:
    direct = [verl_style.compute_score("faces", text, "angry", {"age": 3}, bonus=0.5) for text in TEXTS]
    found = through("verl", "verl_style.py:compute_score", bonus=0.5)
    assert values(found) == [result["score"] for result in direct]
    assert [dict(score.parts) for score in found] == [{"acc": r["acc"], "known": 1.0} for r in direct]
    assert values(through("verl", "verl_style.py:plain_score")) == [verl_style.plain_score("", t, "angry") for t in TEXTS]


def test_openrlhf() -> None:
    direct = openrlhf_style.reward_func([f"Which?{text}" for text in TEXTS], ["Which?"] * 3, ["angry"] * 3)
    found = through("openrlhf", "openrlhf_style.py:reward_func")
    assert values(found) == direct["rewards"].tolist()
    assert [score.parts["length"] for score in found] == direct["extra_logs"]["length"].tolist()


@pytest.mark.parametrize("target", ["swift_style.py:Accuracy", "swift_style.py:orms.accuracy"])
def test_ms_swift(target: str) -> None:
    assert values(through("ms_swift", target)) == swift_style.Accuracy()(list(TEXTS), ["angry"] * 3)


def test_easyr1() -> None:
    asked = [{"response": t, "response_length": len(i), "ground_truth": "angry"} for t, i in zip(TEXTS, IDS, strict=True)]
    direct = easyr1_style.compute_score(asked, format_weight=0.2)
    found = through("easyr1", "easyr1_style.py:compute_score", format_weight=0.2)
    assert values(found) == [result["overall"] for result in direct]
    assert found[0] == Score(direct[0]["overall"], {"format": 1.0, "accuracy": 1.0})


def test_parameters_that_a_peers_function_does_not_take_are_refused() -> None:
    with pytest.raises(PluginError, match="does not take the parameters bouns"):
        start_runner(ScorerSpec("peer", str(PEERS / "verl_style.py:compute_score"), {"bouns": 1}, adapter="verl"))
