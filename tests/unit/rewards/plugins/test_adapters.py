"""Reward functions of the peers run unchanged, with the numbers that they give when their trainer calls them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rewards.plugins.runners import start_runner
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import Failure, RewardSample, Score
from tests.unit.rewards.plugins.peers import (
    easyr1_sequential,
    easyr1_style,
    native_style,
    openrlhf_style,
    r1_style,
    swift_style,
    trl_style,
    verl_style,
)

PEERS = Path(__file__).parent / "peers"
TEXTS = ("angry", "<think>x</think><answer>angry</answer>", "sad")
CHATS = [[{"role": "assistant", "content": text}] for text in TEXTS]
IDS = ((1, 2), (1, 2, 3), ())
COLUMNS = {"source": "faces", "age": 3}
SAMPLES = [
    RewardSample(
        text,
        prompt="Which?",
        answer="angry",
        completion_tokens=len(ids),
        completion_ids=ids,
        finish_reason="length" if text == "sad" else "stop",
        columns=COLUMNS,
    )
    for text, ids in zip(TEXTS, IDS, strict=True)
]
VIDEO_R1 = [
    RewardSample(text, columns={"problem_type": "multiple choice", "solution": "<answer>angry</answer>"}) for text in TEXTS
]


def through(
    adapter: str | None, target: str, samples: list[RewardSample] = SAMPLES, factory: bool = False, **parameters: Any
) -> list[Any]:
    runner = start_runner(ScorerSpec("peer", str(PEERS / target), parameters, adapter=adapter, factory=factory))
    try:
        return runner.score(samples)
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
    direct = trl_style.conversational([[{"role": "user", "content": "Which?"}]] * 3, CHATS)
    assert values(through("trl_conversational", "trl_style.py:conversational")) == direct


def test_arrays_and_bools_that_are_logged_are_parts() -> None:
    assert through("trl", "trl_style.py:logs_numpy") == [Score(len(text), {"half": len(text) / 2, "any": 1.0}) for text in TEXTS]


@pytest.mark.parametrize("target", ["accuracy_reward", "reward_funcs_registry.accuracy"])
def test_video_r1_reads_its_columns_by_keyword(target: str) -> None:
    direct = r1_style.accuracy_reward(CHATS, ["<answer>angry</answer>"] * 3, problem_type=["multiple choice"] * 3)
    assert values(through("trl_conversational", f"r1_style.py:{target}", VIDEO_R1)) == direct == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("name", ["format", "tag_count", "cosine"])
def test_open_r1s_registry_of_functions_partials_and_what_factories_made(name: str) -> None:
    direct = r1_style.reward_funcs_registry[name](CHATS, solution=["<answer>angry</answer>"] * 3)
    assert values(through("trl_conversational", f"r1_style.py:reward_funcs_registry.{name}", VIDEO_R1)) == direct


@pytest.mark.parametrize(
    ("factory", "parameters"),
    [
        ("get_cosine_scaled_reward", {"max_len": 50, "max_value_correct": 2.0}),
        ("get_repetition_penalty_reward", {"ngram_size": 1, "max_penalty": -1.0}),
    ],
)
def test_open_r1s_factories(factory: str, parameters: dict[str, Any]) -> None:
    direct = getattr(r1_style, factory)(**parameters)(CHATS, solution=["<answer>angry</answer>"] * 3)
    assert values(through("trl_conversational", f"r1_style.py:{factory}", VIDEO_R1, factory=True, **parameters)) == direct


def test_a_factory_of_objects_and_of_scorers_of_our_own() -> None:
    made = trl_style.get_soft_overlong_punishment(3, 2)
    parameters = {"max_completion_len": 3, "soft_punish_cache": 2}
    found = through("trl", "trl_style.py:get_soft_overlong_punishment", factory=True, **parameters)
    assert values(found) == made([list(ids) for ids in IDS])
    assert values(through(None, "native_style.py:get_bonus", factory=True, bonus=0.5)) == [0.5] * 3
    found = through(None, "native_style.py:Weighted", factory=True, weight=2.0)
    assert values(found) == [native_style.Weighted(2.0)(sample) for sample in SAMPLES]


@pytest.mark.parametrize(
    ("target", "parameters", "said"),
    [
        (
            "r1_style.py:get_repetition_penalty_reward",
            {"ngram_size": 1, "max_penalty": 1},
            "cannot make the scorer .ValueError: max",
        ),
        ("r1_style.py:get_repetition_penalty_reward", {"ngram_size": 1}, r"cannot be called with \(ngram_size=1\): missing"),
        ("r1_style.py:get_cosine_scaled_reward", {"maxlen": 1}, "does not take the parameters maxlen; did you mean 'max_len'"),
        ("r1_style.py:extract_answer", {"text": "x"}, "makes text, not a scorer; leave `factory` out"),
    ],
)
def test_what_makes_no_scorer_is_told(target: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError, match=f"^scorer 'peer': .*{said}"):
        through("trl_conversational", target, factory=True, **parameters)


def test_verl() -> None:
    direct = [verl_style.compute_score("faces", text, "angry", COLUMNS, bonus=0.5) for text in TEXTS]
    found = through("verl", "verl_style.py:compute_score", bonus=0.5)
    assert values(found) == [result["score"] for result in direct]
    assert [dict(score.parts) for score in found] == [{"acc": r["acc"], "known": 1.0} for r in direct]
    assert values(through("verl", "verl_style.py:plain_score")) == [verl_style.plain_score("", t, "angry") for t in TEXTS]
    direct_rule = [verl_style.rule_of_a_data_set(text, "angry", score=2.0) for text in TEXTS]
    assert values(through("verl", "verl_style.py:rule_of_a_data_set", score=2.0)) == direct_rule
    assert values(through("verl", "verl_style.py:judged")) == [len(text) / 100 for text in TEXTS]


def test_numpy_and_bool_parts_are_kept_and_what_is_no_number_is_left_out() -> None:
    assert through("verl", "verl_style.py:numpy_score")[0] == Score(1.0, {"acc": 1.0, "array": 0.5})


def test_verls_batched_form() -> None:
    direct = verl_style.compute_scores(["faces"] * 3, list(TEXTS), ["angry"] * 3, [COLUMNS] * 3)
    found = through("verl_batch", "verl_style.py:compute_scores")
    assert found == [Score(one["score"], {"age": 3.0}) for one in direct]


@pytest.mark.parametrize("name", ["reward_func", "one_sample"])
def test_openrlhf_is_called_with_lists_of_one(name: str) -> None:
    direct = [getattr(openrlhf_style, name)([f"Which?{text}"], ["Which?"], ["angry"]) for text in TEXTS]
    found = through("openrlhf", f"openrlhf_style.py:{name}")
    assert values(found) == [one["rewards"].item() for one in direct] == [1.0, 0.0, 0.0]
    assert [dict(score.parts) for score in found] == [
        {"scores": one["scores"].item(), "length": one["extra_logs"]["length"].item()} for one in direct
    ]


def test_openrlhf_may_return_the_rewards_alone() -> None:
    assert values(through("openrlhf", "openrlhf_style.py:tensor_alone")) == [0.25] * 3


@pytest.mark.parametrize("target", ["Accuracy", "orms.accuracy"])
def test_ms_swift(target: str) -> None:
    assert values(through("ms_swift", f"swift_style.py:{target}")) == swift_style.Accuracy()(list(TEXTS), ["angry"] * 3)


@pytest.mark.parametrize("target", ["SoftOverlong", "orms.soft-overlong"])
def test_ms_swifts_classes_have_the_trainers_arguments_from_the_parameters(target: str) -> None:
    arguments = {"soft_max_length": 3, "soft_cache_length": 2}
    direct = swift_style.SoftOverlong(SimpleNamespace(**arguments))(list(TEXTS), response_token_ids=list(IDS))
    assert values(through("ms_swift", f"swift_style.py:{target}", **arguments)) == direct


def test_what_ms_swift_gives_beside_columns() -> None:
    direct = swift_style.orm_function(list(TEXTS), ["angry"] * 3, list(IDS))
    assert values(through("ms_swift", "swift_style.py:orm_function")) == direct
    assert values(through("ms_swift", "swift_style.py:AllOnes")) == [1.0, 1.0, None]
    turns = [[{"role": "user", "content": "Which?"}, {"role": "assistant", "content": text}] for text in TEXTS]
    assert values(through("ms_swift", "swift_style.py:Remote")) == asyncio.run(swift_style.Remote()(list(TEXTS), turns))


@pytest.mark.parametrize(
    ("target", "parameters", "wanted"),
    [
        ("SoftOverlong", {"soft_max_length": 3}, "soft_cache_length"),
        ("SoftOverlong", {}, "soft_cache_length"),
        ("Tokenized", {"cosine_max_len": 3}, "tokenizer"),
    ],
)
def test_an_argument_that_only_the_trainer_has_is_named_at_load_time(
    target: str, parameters: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(PluginError, match=rf"^scorer 'peer': .*:{target} wants the trainer's argument '{wanted}', .* give it in"):
        through("ms_swift", f"swift_style.py:{target}", **parameters)


@pytest.mark.parametrize(("adapter", "target"), [("ms_swift", "swift_style.py:Warmup"), ("trl", "trl_style.py:texts_with_state")])
def test_the_trainers_state_is_named_where_it_is_read(adapter: str, target: str) -> None:
    for outcome in through(adapter, target):
        assert isinstance(outcome, Failure)
        assert outcome.message.startswith("scorer 'peer': ")
        assert "reads `global_step` of the trainer's state, which only its own trainer has" in outcome.message


def test_a_column_that_the_rows_lack_is_named() -> None:
    (outcome, *_) = through("trl", "trl_style.py:needs_a_column")
    assert isinstance(outcome, Failure)
    assert "needs the column difficulty, which the row lacks; there are age, answer, answers, completion_ids" in outcome.message
    rows = [RewardSample("abc", columns={"difficulty": 2})]
    assert values(through("trl", "trl_style.py:needs_a_column", rows)) == [6.0]


def test_easyr1() -> None:
    asked = [{"response": t, "response_length": len(i), "ground_truth": "angry"} for t, i in zip(TEXTS, IDS, strict=True)]
    direct = easyr1_style.compute_score(asked, format_weight=0.2)
    found = through("easyr1", "easyr1_style.py:compute_score", format_weight=0.2)
    assert values(found) == [result["overall"] for result in direct]
    assert found[0] == Score(direct[0]["overall"], {"format": 1.0, "accuracy": 1.0})
    one_by_one = [easyr1_sequential.compute_score(one, format_weight=0.2) for one in asked]
    found = through("easyr1", "easyr1_sequential.py:compute_score", format_weight=0.2)
    assert [score.value for score in found] == [one["overall"] for one in one_by_one]
    assert [dict(score.parts) for score in found] == [{k: v for k, v in one.items() if k != "overall"} for one in one_by_one]


@pytest.mark.parametrize(
    ("text", "adapter", "said"),
    [
        ("def f(solution_str): return {'acc': 1}", "verl", "must return a mapping with `score`, found keys ['acc']"),
        ("def f(queries, prompts, labels): return {'reward': 1}", "openrlhf", "must return a mapping with `rewards`, found keys"),
        ("def f(reward_inputs): return [{'score': 1}]", "easyr1", "must return a mapping with `overall`, found keys ['score']"),
        ("def f(completions, **k): return [0.5, 0.5]", "trl", "scorer 'peer' returned 2 results for 1 samples"),
        ("def f(completions, **k): return 0.5", "ms_swift", "scorer 'peer' must return a list of 1 results"),
        ("def f(solution_strs): return 0.5", "verl_batch", "scorer 'peer' must return a list of 1 results"),
    ],
)
def test_results_that_their_trainer_would_not_take_are_told(tmp_path: Path, text: str, adapter: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    (outcome,) = through(adapter, str(tmp_path / "mine.py:f"), SAMPLES[:1])
    assert isinstance(outcome, Failure)
    assert said in outcome.message


def test_parameters_that_a_peers_function_does_not_take_are_refused() -> None:
    with pytest.raises(PluginError, match="does not take the parameters bouns"):
        start_runner(ScorerSpec("peer", str(PEERS / "verl_style.py:compute_score"), {"bouns": 1}, adapter="verl"))
