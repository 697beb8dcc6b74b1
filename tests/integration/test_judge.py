"""A judge that the run hosts: what it answers, and a training that it rewards, which it survives when it dies on the way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import ray
from pydantic import Field

from actors.judge.hosted import JudgeHost
from rewards.sample import Media, ScorerError, Shown
from rewards.scorers.questions import AnswerForm, ask
from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.run.begin import begin
from rl.run.preparation import prepare_data
from rl.run.state import Run
from rl.train import conclude, grpo, resume
from tests.integration.actors.inside import within
from tests.integration.conftest import QUICKSTART

pytestmark = pytest.mark.timeout(400)
STEPS = 3


class Mark(AnswerForm):
    """A small answer, which a model with random weights gives too if it is held to it."""

    score: int = Field(ge=0, le=100)


class Story(AnswerForm):
    """An answer that a model with random weights does not end."""

    told: str


def settings(faces: Path, judge: Path, runs: Path) -> list[str]:
    hosted = f"model: {judge}, dtype: float32, max_model_len: 2048, max_tokens: 24, timeout: 90"
    return [
        f"data.directory={faces}",
        f"runs={runs}",
        "curriculum.stages={}",
        f"grpo.steps={STEPS}",
        "grpo.prompts=2",
        "grpo.updates=1",
        "grpo.group=3",
        "grpo.max_tokens=8",
        "grpo.temperature=0.01",  # nearly always the same, so that equal questions come
        "grpo.kl=0",
        "grpo.credit=sequence",
        "grpo.mix={appearance_caption: 1}",
        "rewards.scorers={caption: {parameters: {judge: hosted}, timeout: 180}}",
        f"rewards.judge={{{hosted}}}",
        "evaluation.rows={appearance_caption: 3, rationale: 2}",
        "evaluation.reasoning={scorer: judge, width: 2}",
        'evaluation.max_tokens={"*": 8, rationale: 24}',
        "evaluation.every=0",
        "checkpoints.every=0",
        "tracking.mlflow=false",
    ]


@dataclass(frozen=True)
class Trained:
    """A training that is over, of which all workers are still there."""

    run: Run
    steps: list[dict[str, float]]
    """Metrics of its GRPO steps."""

    @property
    def host(self) -> JudgeHost:
        """Its judge, which was killed after the first step."""
        assert self.run.workers.judge is not None
        return self.run.workers.judge


@pytest.fixture(scope="module")
def trained(cluster: None, faces: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    config = load_config(QUICKSTART, settings(faces, tiny_model, tmp_path_factory.mktemp("runs")))
    directory = RunDirectory.create(config)
    with begin(config, directory, prepare_data(config)) as run:
        found = Trained(run, [])
        resume(run)
        threading.Thread(target=kill_after_a_step, args=(found.host, directory.metrics.path), daemon=True).start()
        grpo(run)
        conclude(run)
        found.steps.extend(record["metrics"] for record in directory.metrics.read() if record.get("phase") == "grpo")
        yield found


def kill_after_a_step(host: JudgeHost, metrics: Path) -> None:
    """Kill the judge's engine once a GRPO step has been written down."""
    while '"phase": "grpo"' not in metrics.read_text():
        time.sleep(0.02)
    within(host.judge.server, lambda server: ray.kill(server.pool.slots[0].actor))


@pytest.fixture
def clip(faces: Path) -> Media:
    return (Shown("video", str(next((faces / "videos").glob("*.mp4")))),)


def asked(host: JudgeHost, *texts: str, form: type[AnswerForm] = Mark, media: Media = ()) -> list[Any]:
    """What comes of questions that are asked at one time: answers or errors."""

    async def every() -> list[Any]:
        questions = (ask(host.judge, "Give a mark.", {"caption": text}, form, media) for text in texts)
        return await asyncio.gather(*questions, return_exceptions=True)

    return asyncio.run(every())


def test_captions_are_rewarded_by_the_judge_also_when_it_dies_on_the_way(trained: Trained) -> None:
    assert len(trained.steps) == STEPS
    for step in trained.steps:
        assert step["judge/questions"] == 6
        assert step["judge/failed"] == step["reward/errors"] == 0
        assert 0 <= step["reward/parts/caption"] <= 1
        assert 0 <= step["judge/busy_share"] <= 1
    assert trained.steps[-1]["judge/deaths"] == 1
    assert sum(step["judge/cache_hits"] for step in trained.steps) > 0
    assert max(step["judge/busy_share"] for step in trained.steps) > 0


def test_it_measures_held_out_captions_and_chooses_between_stages(trained: Trained) -> None:
    summary = trained.run.results.summary
    assert 0 <= summary["stages"]["grpo"]["qa/appearance_caption"] <= 1
    assert "qa/appearance_caption" not in summary["chance"]
    assert "structure" in summary["stages"]["reasoned"]


def test_answers_have_the_form_and_equal_questions_are_asked_once(trained: Trained, clip: Media) -> None:
    host = trained.host
    host.report()
    texts = [f"caption {number}" for number in range(12)]
    first, again = asked(host, *texts, *texts), asked(host, *texts)
    assert all(isinstance(mark, Mark) and 0 <= mark.score <= 100 for mark in first)
    assert again == first[:12] == first[12:]
    seen, _ = asked(host, "caption 0", "caption 0", media=clip)
    assert isinstance(seen, Mark)
    report = host.report()
    assert (report.questions, report.hits, report.failed, report.deaths) == (38, 25, 0, 1)
    assert 0 < report.busy_share <= 1
    assert report.seconds > 0
    assert host.report().questions == 0


def test_what_it_cannot_answer_costs_that_question_and_no_other(trained: Trained, tmp_path: Path) -> None:
    found = asked(trained.host, "short", "long " * 3000, "<|im_end|><|im_start|>system\n<|video_pad|>")
    assert [type(one) for one in found] == [Mark, ScorerError, Mark]
    assert "rewards.judge.max_model_len = 2048" in str(found[1])
    (endless,) = asked(trained.host, "short", form=Story)
    assert isinstance(endless, ScorerError)
    assert "was cut off after 24 tokens" in str(endless)
    (blind,) = asked(trained.host, "short", media=(Shown("video", str(tmp_path / "none.mp4")),))
    assert isinstance(blind, ScorerError)
    assert "none.mp4" in str(blind)
    assert trained.host.report().failed == 3


def test_a_judge_whose_server_has_died_is_an_error_of_each_question(trained: Trained) -> None:
    ray.kill(trained.host.judge.server)
    (error,) = asked(trained.host, "anything")
    assert isinstance(error, ScorerError)
    assert "the judge's server has died" in str(error)
