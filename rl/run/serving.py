"""Stage-wise reasoning about clips with a trained model: `affectree reason`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import ray

from actors.cluster import connect, wait_ready
from actors.determinism import deterministic_variables
from actors.environment import worker_environment
from actors.pool.pool import EnginePool
from actors.pool.upkeep import EngineKeepsDying
from rewards.scorers import questions
from rl.config.clips import clip_spec
from rl.config.schema import Config
from rl.record.console import say, warn
from rl.record.endings import mendable
from rl.run.specs import engine_spec
from rl.run.workers import start_judge
from rollout.faces.questions import RATIONALE_QUESTION
from rollout.lengths import Fitted
from rollout.media.decoders import Decoders
from rollout.media.medium import ClipSpec, MediaError, medium_of
from rollout.reasoning import Judge, Reasoned
from rollout.rows.row import Row
from rollout.samples import Prompt, SamplingSpec

_AT_ONCE = 64
"""Clips that are waited for at a time."""
_DECODERS = 2
"""Clips that are looked at side by side."""


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
) -> Generator[Reasoned | str]:
    """Reason about each clip, stage by stage, with engines that serve `model` as it stands.

    A clip whose prompt leaves no room for a rationale is seen smaller or in fewer frames, which is told.

    Args:
        config: where the engines run, and the judge that is hosted beside them, if it has one.
        model: folder of the checkpoint.
        clips: videos or images.
        spec: how to reason.
        judge_of: given the hosted judge, a function from a row to who chooses.

    Yields:
        For each clip, in order: what was found, or why nothing was. What befalls one clip is no matter to the others.
    """
    rows = [clip_row(index, clip, spec.question) for index, clip in enumerate(clips)]
    problems = look_at(rows, clip_spec(config.data))
    usable = [row for row in rows if row.index not in problems]
    if not usable:
        yield from problems.values()
        return
    with serving(config, model) as (engines, hosted), ThreadPoolExecutor(_AT_ONCE, "clips") as threads:
        asked = _Asked(engines, judge_of(hosted), SamplingSpec(spec.width, spec.max_tokens, spec.temperature, seed=spec.seed))
        fitted = engines.fit(usable, config.rollout.max_model_len - spec.max_tokens)
        for row, one in zip(usable, fitted, strict=True):
            if isinstance(one, Fitted) and one.change:
                say(f"{clips[row.index]}: {one.change}")
        found: dict[int, Fitted | str] = {**problems, **{row.index: one for row, one in zip(usable, fitted, strict=True)}}
        try:
            yield from threads.map(asked.answer, [found[row.index] for row in rows])
        finally:
            engines.dispatcher.close()  # so that no thread waits for anything


def look_at(rows: Sequence[Row], spec: ClipSpec) -> dict[int, str]:
    """Index of a row -> why one of its media cannot be decoded; what is unusual about others is told.

    Files are decoded in processes of their own, since nobody knows what a stranger's file does to a decoder.
    """
    with Decoders(_DECODERS) as decoders, ThreadPoolExecutor(_DECODERS, "looking") as threads:

        def problem(row: Row) -> str | None:
            try:
                for medium in row.media:
                    for note in decoders.look(medium, spec).notes:
                        warn(f"{medium.path}: {note}")
            except MediaError as error:
                return str(error)
            return None

        return {row.index: said for row, said in zip(rows, threads.map(problem, rows), strict=True) if said}


@dataclass(frozen=True)
class _Asked:
    """Who answers, and who chooses among the answers."""

    engines: EnginePool
    judge_of: Callable[[Row], Judge]
    sampling: SamplingSpec

    def answer(self, fitted: Fitted | str) -> Reasoned | str:
        """What was found about a clip, or why nothing was."""
        if isinstance(fitted, str):
            return fitted
        prompt = Prompt(f"clip{fitted.row.index}", fitted.row, fitted.encoded)
        try:
            for _, answer in self.engines.reasoned([prompt], self.sampling, [self.judge_of(fitted.row)]):
                found: Reasoned = ray.get(answer)
                return found
        except Exception as error:  # noqa: BLE001 - whatever it is, the other clips are answered
            if isinstance(error, EngineKeepsDying):
                self.engines.dispatcher.close()
            return mendable(error) or f"{type(error).__name__}: {(str(error).strip() or '?').splitlines()[-1]}"
        return "was not asked about, since the engines were stopped"


def clip_row(index: int, clip: Path, question: str) -> Row:
    """A question about a clip; its `<video>` becomes an `<image>` where that is what the clip is."""
    medium = medium_of(clip.resolve())
    return Row(index, question.replace("<video>", f"<{medium.kind}>"), (medium,), "rationale")


@contextmanager
def serving(
    config: Config, model: Path, most_media: dict[str, int] | None = None
) -> Iterator[tuple[EnginePool, questions.Judge | None]]:
    """Engines alone, which serve a model's own weights, and the judge that the config hosts.

    Args:
        config: where they run.
        model: folder of the checkpoint.
        most_media: the most videos and images that a prompt has, under `video` and `image`; one of each if None.
    """
    timeout, media = config.cluster.start_timeout, most_media or {"video": 1, "image": 1}
    cluster, on_cpu = config.cluster, not config.rollout.gpus
    environment = worker_environment(on_cpu) | (deterministic_variables(on_cpu) if config.determinism else {})
    connect(cluster.address, cluster.object_store_gib, environment, cluster.env)
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


@contextmanager
def judging(config: Config, most_media: dict[str, int]) -> Iterator[questions.Judge | None]:
    """The judge that the config hosts, alone.

    Args:
        config: where it runs.
        most_media: as for `serving`.
    """
    cluster, environment = config.cluster, worker_environment(on_cpu=not config.rollout.gpus)
    connect(cluster.address, cluster.object_store_gib, environment, cluster.env)
    with ExitStack() as started:
        started.callback(ray.shutdown)
        judge = start_judge(config, most_media, started)
        if judge is not None:
            judge.wait(config.cluster.start_timeout)
        yield judge.judge if judge else None
