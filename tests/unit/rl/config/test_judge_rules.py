"""A judge that somebody asks is there, and can be; what cannot work is told by key before a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.captions import caption_scorer
from rl.config.load import ConfigError, load_config
from rl.config.schema import Config

QUICKSTART = Path("configs/quickstart.yaml")
ASKS = "rewards.scorers.caption={parameters: {judge: hosted}, tasks: ['*_caption']}"
HOSTS = "rewards.judge={model: Qwen/Qwen2.5-VL-3B-Instruct}"


def load(*words: str) -> Config:
    return load_config(QUICKSTART, words)


def problems(*words: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(*words)
    return str(refused.value)


def test_a_judge_is_hosted_only_where_the_config_says_so() -> None:
    assert load().rewards.judge is None
    judge = load(ASKS, HOSTS, "rewards.judge.engines=2").rewards.judge
    assert judge is not None
    assert (judge.model, judge.engines, judge.gpus) == ("Qwen/Qwen2.5-VL-3B-Instruct", 2, 0.0)
    assert load("rewards.judge.model=Qwen/Qwen3-4B").rewards.judge is not None  # also for scorers of one's own


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [ASKS],
            "rewards.scorers.caption.parameters.judge = 'hosted': asks the judge that the run hosts; set rewards.judge.model, or "
            "name an endpoint: {url: …, model: …}",
        ),
        (
            [ASKS, HOSTS, "rewards.scorers.caption.isolation=process"],
            "rewards.scorers.caption.isolation = 'process': must be thr",
        ),
        (
            ["rewards.scorers.caption={parameters: {judge: hostd}}"],
            "rewards.scorers.caption.parameters.judge = 'hostd': judge must be hosted, or an endpoint such as {url:",
        ),
        (
            ["rewards.scorers.mine={spec: caption_tree, parameters: {judge: {ulr: x}}}"],
            "rewards.scorers.mine.parameters.judge = {'ulr': 'x'}: judge: an endpoint has no setting 'ulr'; did you mean 'url'?",
        ),
        (["rewards.judge.engines=2"], "rewards.judge.model = '': name the folder of a checkpoint, or a model of the hub"),
        (["rewards.judge.model=./nowhere"], "rewards.judge.model = './nowhere': nowhere: no such folder"),
        (
            [HOSTS, "rewards.judge.gpus=1"],
            "rewards.judge.gpus = 1.0: must be 0 as rollout.gpus is: one build of vLLM serves both",
        ),
        ([HOSTS, "rewards.judge.max_tokens=4096"], "rewards.judge.max_model_len = 4096: must be longer than the longest answer"),
        (["evaluation.reasoning={scorer: judge}"], "evaluation.reasoning.scorer = 'judge': asks the judge that the run hosts"),
    ],
)
def test_what_cannot_work_is_told_by_key(words: list[str], said: str) -> None:
    assert said in problems(*words)


def test_any_checkpoint_may_judge_and_only_families_may_be_trained(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert load(f"rewards.judge.model={tmp_path}").rewards.judge is not None
    assert "model type 'llama' is not supported" in problems("model.init=checkpoint", f"model.path={tmp_path}")


def test_a_task_is_answered_by_captions_if_a_scorer_of_captions_is_for_it() -> None:
    config = load("rewards.scorers.short={spec: caption, tasks: ['*_caption', rationale]}")
    assert caption_scorer(config, "action_caption") == "short"
    assert caption_scorer(config, "emotion_single") is None
    assert caption_scorer(config, "rationale") is None
