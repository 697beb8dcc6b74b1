"""Captions by a judge, by words, and as trees."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.sample import Reward, RewardSample, Shown
from rewards.scorers.captions import caption, caption_tree
from rewards.scorers.endpoint import open_endpoint
from rewards.scorers.judge import JudgeError, hosting
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.scorers.endpoint_server import EndpointServer
from tests.unit.rewards.scorers.test_questions import Parrot

SAMPLES = [RewardSample(text, task="caption", answer="A woman smiles.") for text in ("She smiles.", "He cries.", "She smiles.")]


def judged(endpoint: EndpointServer, samples: list[RewardSample], retries: int = 0, **more: Any) -> list[Reward]:
    settings = {"judge": {"url": endpoint.url, "model": "m", "retries": 0, **more}}
    entries = mix_entries({"judge": {"spec": "caption", "parameters": settings, "retries": retries, "timeout": 5}})
    with build_mix(entries) as mix:
        return mix.score(samples)


def test_the_judge_scores_and_asks_once_for_equal_texts(endpoint: EndpointServer, tmp_path: Path) -> None:
    endpoint.answer = lambda request: (200, {"score": 90 if "She smiles" in str(request) else 10})
    cache = str(tmp_path / "answers.sqlite")
    first = judged(endpoint, SAMPLES[:2], cache=cache)
    assert [reward.value for reward in first] == [0.9, 0.1]
    assert endpoint.asked[0]["response_format"]["json_schema"]["schema"]["required"] == ["score"]
    open_endpoint.cache_clear()  # another process would find the answers in the file
    assert [reward.value for reward in judged(endpoint, SAMPLES, cache=cache)] == [0.9, 0.1, 0.9]
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize(
    "content", ["not JSON", {"reason": "no score"}, {"score": 300}, {"score": "high"}, {"score": 1, "reason": ""}, "[]"]
)
def test_an_answer_of_another_form_drops_the_sample_and_is_not_tried_again(endpoint: EndpointServer, content: Any) -> None:
    endpoint.answer = lambda request: (200, content)
    (reward,) = judged(endpoint, SAMPLES[:1], retries=2)
    assert reward.value is None
    assert "judge" in reward.errors
    assert len(endpoint.asked) == 1


def test_equal_questions_at_one_time_are_asked_once(endpoint: EndpointServer) -> None:
    assert [reward.value for reward in judged(endpoint, [SAMPLES[0]] * 6)] == [0.8] * 6
    assert len(endpoint.asked) == 1


def test_an_impossible_answer_is_not_kept(endpoint: EndpointServer, tmp_path: Path) -> None:
    cache = str(tmp_path / "answers.sqlite")
    endpoint.answer = lambda request: (200, {"score": 300})
    assert judged(endpoint, SAMPLES[:1], cache=cache)[0].value is None
    endpoint.answer = lambda request: (200, {"score": 30})
    assert judged(endpoint, SAMPLES[:1], cache=cache)[0].value == 0.3


def test_a_refused_key_is_not_tried_again(endpoint: EndpointServer) -> None:
    endpoint.answer = lambda request: (401, {})
    assert "401" in judged(endpoint, SAMPLES[:1], retries=2)[0].errors["judge"]
    assert len(endpoint.asked) == 1


def test_a_turn_that_nobody_waits_for_is_given_back(endpoint: EndpointServer) -> None:
    samples = [RewardSample(text, task="caption", answer="A woman smiles.") for text in "abcdef"]
    entries = mix_entries(
        {
            "judge": {
                "spec": "caption",
                "parameters": {"judge": {"url": endpoint.url, "model": "m", "per_minute": 120}},
                "timeout": 0.75,
                "retries": 0,
            }
        }
    )
    with build_mix(entries) as mix:
        first = [reward.value is not None for reward in mix.score(samples)]
        second = [reward.value is not None for reward in mix.score(samples)]
    assert sum(first) >= 1
    assert sum(second) > sum(first)  # some were remembered, and others had their turn


def test_misspelt_settings_are_refused() -> None:
    with pytest.raises(JudgeError, match="did you mean 'url'"):
        asyncio.run(caption(SAMPLES[0], judge={"ulr": "http://x", "model": "m"}))
    with pytest.raises(JudgeError, match="judge must be hosted"):
        asyncio.run(caption_tree(SAMPLES[0], judge="model"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="measure must be"):
        asyncio.run(caption_tree(SAMPLES[0], measure="all"))  # type: ignore[arg-type]


def test_a_hosted_judge_is_asked_about_question_reference_caption_and_clip() -> None:
    judge, clip = Parrot('{"score": 40}'), (Shown("video", "a.mp4"),)
    with hosting(judge):
        found = asyncio.run(caption(RewardSample("he cries", prompt="What?", answer="she smiles", media=clip), judge="hosted"))
        empty = asyncio.run(caption(RewardSample(" \n", prompt="What?", answer="she smiles", media=clip), judge="hosted"))
    assert (found.value, empty.value) == (0.4, 0.0)  # type: ignore[union-attr]
    (question,) = judge.asked
    assert json.loads(question.user) == {"question": "What?", "reference": "she smiles", "caption": "he cries"}
    assert question.media == clip


def test_a_busy_endpoint_is_asked_again(endpoint: EndpointServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewards.plugins.runners._BACKOFF", 0.05)
    endpoint.answer = lambda request: (503, {}) if len(endpoint.asked) < 3 else (200, {"score": 50})
    (reward,) = judged(endpoint, SAMPLES[:1], retries=2)
    assert reward.value == 0.5
    assert len(endpoint.asked) == 3


def test_an_endpoint_that_stays_away_drops_the_sample_and_says_where(endpoint: EndpointServer) -> None:
    endpoint.close()
    (reward,) = judged(endpoint, SAMPLES[:1])
    assert reward.value is None
    assert endpoint.url in reward.errors["judge"]


def test_without_an_endpoint_words_are_compared() -> None:
    assert asyncio.run(caption(RewardSample("A woman smiles.", answer="a woman smiles"))).value == 1.0  # type: ignore[union-attr]
    assert 0 < asyncio.run(caption(RewardSample("A man smiles.", answer="a woman smiles"))).value < 1  # type: ignore[union-attr]
    assert asyncio.run(caption(RewardSample("anything"))) is None


def test_captions_are_compared_as_trees_by_rules() -> None:
    gold = "A woman with long red hair smiles. She looks very happy."
    same = RewardSample("A happy woman is smiling; her hair is long and red.", tree=gold)
    other = RewardSample("A man with glasses cries.", tree=gold)
    assert asyncio.run(caption_tree(same, measure="leaf")).value == 1.0  # type: ignore[union-attr]
    assert asyncio.run(caption_tree(same, measure="root")) == 1.0
    assert asyncio.run(caption_tree(other, measure="leaf")).value == 0.0  # type: ignore[union-attr]
    assert asyncio.run(caption_tree(same)).value > asyncio.run(caption_tree(other)).value  # type: ignore[union-attr]


def test_rationales_are_compared_as_they_stand_and_answers_where_there_is_no_tree() -> None:
    assert asyncio.run(caption_tree(RewardSample(GOOD, tree=GOOD))).value == 1.0  # type: ignore[union-attr]
    assert asyncio.run(caption_tree(RewardSample("She smiles.", answer="A smiling woman."), measure="expression")).value == 1.0  # type: ignore[union-attr]
    assert asyncio.run(caption_tree(RewardSample("She smiles."))) is None


def test_captions_are_compared_as_trees_by_a_model(endpoint: EndpointServer) -> None:
    person = {
        "attributes": [{"aspect": "hair color", "value": "red"}],
        "expressions": ["smile"],
        "emotions": [{"label": "happy", "intensity": "strong"}],
    }
    endpoint.answer = lambda request: (200, {"persons": [person]})
    sample = RewardSample("Any words.", tree="Other words.")
    scored = asyncio.run(caption_tree(sample, judge={"url": endpoint.url, "model": "m"}))
    assert scored.value == 1.0  # type: ignore[union-attr]
    assert len(endpoint.asked) == 2
