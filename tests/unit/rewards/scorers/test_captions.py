"""The generative judge and the model parser against a real HTTP server that speaks the protocol; label-set scorers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries
from rewards.sample import Reward, RewardSample
from rewards.scorers.captions import caption, caption_tree
from rewards.scorers.endpoint import open_endpoint
from rewards.scorers.labels import au, emotion_wheel
from tests.unit.rewards.tree.test_parser import GOOD

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


class Endpoint:
    """A server whose answers a test chooses; counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Answer = lambda request: (200, {"score": 80, "reason": "close"})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(request)
                status, content = outer.answer(request)
                text = content if isinstance(content, str) else json.dumps(content)
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]})
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    yield found
    found.server.shutdown()
    open_endpoint.cache_clear()


def judged(endpoint: Endpoint, samples: list[RewardSample], retries: int = 0, **more: Any) -> list[Reward]:
    settings = {"endpoint": {"url": endpoint.url, "model": "m", "retries": 0, **more}}
    entries = mix_entries({"judge": {"spec": "caption", "parameters": settings, "retries": retries, "timeout": 5}})
    with build_mix(entries) as mix:
        return mix.score(samples)


SAMPLES = [RewardSample(text, task="caption", answer="A woman smiles.") for text in ("She smiles.", "He cries.", "She smiles.")]


def test_the_judge_scores_and_asks_once_for_equal_texts(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.answer = lambda request: (200, {"score": 90 if "She smiles" in str(request) else 10, "reason": ""})
    cache = str(tmp_path / "answers.sqlite")
    first = judged(endpoint, SAMPLES[:2], cache=cache)
    assert [reward.value for reward in first] == [0.9, 0.1]
    assert endpoint.asked[0]["response_format"]["json_schema"]["schema"]["required"] == ["score", "reason"]
    open_endpoint.cache_clear()  # another process would find the answers in the file
    assert [reward.value for reward in judged(endpoint, SAMPLES, cache=cache)] == [0.9, 0.1, 0.9]
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize(
    "content", ["not JSON", {"reason": "no score"}, {"score": 300, "reason": ""}, {"score": "high", "reason": ""}, "[]"]
)
def test_an_answer_of_another_form_drops_the_sample_and_is_not_tried_again(endpoint: Endpoint, content: Any) -> None:
    endpoint.answer = lambda request: (200, content)
    (reward,) = judged(endpoint, SAMPLES[:1], retries=2)
    assert reward.value is None
    assert "judge" in reward.errors
    assert len(endpoint.asked) == 1


def test_equal_questions_at_one_time_are_asked_once(endpoint: Endpoint) -> None:
    assert [reward.value for reward in judged(endpoint, [SAMPLES[0]] * 6)] == [0.8] * 6
    assert len(endpoint.asked) == 1


def test_an_impossible_answer_is_not_kept(endpoint: Endpoint, tmp_path: Path) -> None:
    cache = str(tmp_path / "answers.sqlite")
    endpoint.answer = lambda request: (200, {"score": 300, "reason": ""})
    assert judged(endpoint, SAMPLES[:1], cache=cache)[0].value is None
    endpoint.answer = lambda request: (200, {"score": 30, "reason": ""})
    assert judged(endpoint, SAMPLES[:1], cache=cache)[0].value == 0.3


def test_a_refused_key_is_not_tried_again(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: (401, {})
    assert "401" in judged(endpoint, SAMPLES[:1], retries=2)[0].errors["judge"]
    assert len(endpoint.asked) == 1


def test_a_turn_that_nobody_waits_for_is_given_back(endpoint: Endpoint) -> None:
    samples = [RewardSample(text, task="caption", answer="A woman smiles.") for text in "abcdef"]
    entries = mix_entries(
        {
            "judge": {
                "spec": "caption",
                "parameters": {"endpoint": {"url": endpoint.url, "model": "m", "per_minute": 60}},
                "timeout": 1.5,
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
    with pytest.raises(TypeError, match="ulr"):
        asyncio.run(caption(SAMPLES[0], endpoint={"ulr": "http://x", "model": "m"}))
    with pytest.raises(ValueError, match="needs an `endpoint`"):
        asyncio.run(caption_tree(SAMPLES[0], parser="model"))


def test_a_busy_endpoint_is_asked_again(endpoint: Endpoint) -> None:
    endpoint.answer = lambda request: (503, {}) if len(endpoint.asked) < 3 else (200, {"score": 50, "reason": ""})
    (reward,) = judged(endpoint, SAMPLES[:1], retries=2)
    assert reward.value == 0.5
    assert len(endpoint.asked) == 3


def test_an_endpoint_that_stays_away_drops_the_sample_and_says_where(endpoint: Endpoint) -> None:
    endpoint.server.shutdown()
    endpoint.server.server_close()
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
    assert asyncio.run(caption_tree(same, measure="leaf")).value == 1.0
    assert asyncio.run(caption_tree(same, measure="root")) == 1.0
    assert asyncio.run(caption_tree(other, measure="leaf")).value == 0.0
    assert asyncio.run(caption_tree(same)).value > asyncio.run(caption_tree(other)).value
    with pytest.raises(ValueError, match="measure must be"):
        asyncio.run(caption_tree(same, measure="all"))  # type: ignore[arg-type]


def test_captions_are_compared_as_trees_by_a_model(endpoint: Endpoint) -> None:
    person = {"attributes": [["hair color", "red"]], "expressions": ["smile"], "emotions": [["happy", "strong"]]}
    endpoint.answer = lambda request: (200, {"persons": [person]})
    sample = RewardSample("Any words.", tree="Other words.")
    assert asyncio.run(caption_tree(sample, parser="model", endpoint={"url": endpoint.url, "model": "m"})).value == 1.0
    assert len(endpoint.asked) == 2


def test_emotions_of_one_cluster_mean_the_same() -> None:
    sample = RewardSample("<answer>joyful, worried</answer>", answer="happy, fear")
    assert emotion_wheel(sample).value == 1.0  # type: ignore[union-attr]
    half = emotion_wheel(RewardSample("sad", answer="disappointed, angry"))
    assert half is not None
    assert dict(half.parts) == {"precision": 1.0, "recall": 0.5}
    assert emotion_wheel(RewardSample(GOOD.replace("m1 angry", "m1 furious"), tree=GOOD)).value == 1.0  # type: ignore[union-attr]
    assert emotion_wheel(RewardSample("sad")) is None


def test_hedges_are_not_paid() -> None:
    both = GOOD + "\n" + GOOD.replace("m1 angry", "m1 sad")
    assert emotion_wheel(RewardSample(both, tree=GOOD)).value == 0.0  # type: ignore[union-attr]
    twice = "<answer>AU1</answer><answer>AU4</answer>"
    assert au(RewardSample(twice, answer="AU4")).value == 0.0  # type: ignore[union-attr]
    assert emotion_wheel(RewardSample("<answer>sad</answer><answer>happy</answer>", answer="happy")).value == 0.0  # type: ignore[union-attr]


def test_action_units_by_f_beta() -> None:
    sample = RewardSample("I see AU4 and au 12.", answer="AU4, AU6")
    assert au(sample).value == pytest.approx(0.5)  # type: ignore[union-attr]
    assert au(sample, signed=True).value == pytest.approx(0.0)  # type: ignore[union-attr]
    more = RewardSample("AU4, AU6, AU12", answer="AU4, AU6")
    assert au(more, beta=2.0).value > au(more, beta=0.5).value  # type: ignore[union-attr]
    assert au(RewardSample("None", answer="None")).value == 1.0  # type: ignore[union-attr]
