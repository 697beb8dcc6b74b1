"""Stage-wise reasoning about clips with a trained model: `affectree reason`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import ray

from actors.cluster import connect, wait_ready
from actors.environment import worker_environment
from actors.pool.pool import EnginePool
from rewards.scorers import questions
from rl.config.schema import Config
from rl.record.console import warn
from rl.run.specs import engine_spec
from rl.run.workers import start_judge
from rollout.faces.questions import RATIONALE_QUESTION
from rollout.media import medium_of
from rollout.reasoning import Judge, Reasoned
from rollout.rows import Row
from rollout.samples import Prompt, SamplingSpec


@dataclass(frozen=True)
class ReasonSpec:
    """How clips are reasoned about."""

    width: int
    """Candidates at each stage."""
    max_tokens: int
    temperature: float = 1.0
    seed: int | None = None
    question: str = RATIONALE_QUESTION
    """The question, with one `<video>` tag, which becomes `<image>` for an image."""


def reason_clips(
    config: Config,
    model: Path,
    clips: Sequence[Path],
    spec: ReasonSpec,
    judge_of: Callable[[questions.Judge | None], Callable[[Row], Judge]],
) -> list[Reasoned]:
    """Reason about each clip, stage by stage, with engines that serve `model` as it stands.

    Args:
        config: where the engines run, and the judge that is hosted beside them, if it has one.
        model: folder of the checkpoint.
        clips: videos or images.
        spec: how to reason.
        judge_of: given the hosted judge, a function from a row to who chooses.
    """
    rows = [clip_row(index, clip, spec.question) for index, clip in enumerate(clips)]
    sampling = SamplingSpec(spec.width, spec.max_tokens, spec.temperature, seed=spec.seed)
    with serving(config, model) as (engines, hosted):
        judge = judge_of(hosted)
        prompts = [Prompt(f"clip{row.index}", row, encoded) for row, encoded in zip(rows, engines.encode(rows), strict=True)]
        return engines.reason(prompts, sampling, [judge(row) for row in rows])


def clip_row(index: int, clip: Path, question: str) -> Row:
    """A question about a clip; its `<video>` becomes an `<image>` where that is what the clip is."""
    medium = medium_of(clip.resolve())
    return Row(index, question.replace("<video>", f"<{medium.kind}>"), (medium,), "rationale")


@contextmanager
def serving(config: Config, model: Path) -> Iterator[tuple[EnginePool, questions.Judge | None]]:
    """Engines alone, which serve a model's own weights, and the judge that the config hosts."""
    timeout, media = config.cluster.start_timeout, {"video": 1, "image": 1}
    connect(config.cluster.address, config.cluster.object_store_gib, worker_environment(on_cpu=not config.rollout.gpus))
    with ExitStack() as started:
        started.callback(ray.shutdown)
        engines = EnginePool(config.rollout, warn)
        started.callback(engines.shutdown)
        judge = start_judge(config, media, started)
        spec = replace(engine_spec(config, str(model), media), serve_as_loaded=True)
        engines.started(wait_ready("the rollout engines", engines.start(spec), timeout))
        if judge is not None:
            judge.wait(timeout)
        yield engines, judge.judge if judge else None
