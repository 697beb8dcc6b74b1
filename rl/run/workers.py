"""Everything that a run has to work with: engines, reward workers, learner ranks, and how prompts are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from actors.cluster import ClusterError, wait_ready
from actors.judge.hosted import JudgeHost
from actors.learners.group import LearnerGroup
from actors.pool.pool import EnginePool
from actors.reward_workers import RewardPool
from actors.sync.registry import make_transfer
from actors.sync.weight_sync import Probe, WeightSync
from rewards.mix import MixEntry, with_sources
from rewards.plugins.trial import needed
from rewards.scorers.questions import Judge
from rl.config.schema import Config, scorer_entries
from rl.record.console import say, warn
from rl.record.files import write_folder
from rl.record.runs.directory import RunDirectory
from rl.run.lengths import fitting
from rl.run.preparation import Splits, named_model, tokenizer_texts
from rl.run.specs import engine_spec, judge_spec, learner_spec
from rollout.rows.data import RowData
from rollout.samples import Prompt
from rollout.seeds import derived


@dataclass(frozen=True)
class Workers:
    """The actors of one run, and the rows that they can work with."""

    splits: Splits
    """Those whose prompts fit, or have been made to."""
    engines: EnginePool
    rewards: RewardPool
    learners: LearnerGroup
    sync: WeightSync
    scorer_hashes: Mapping[str, str]
    """Each scorer's source hash, by name."""
    judge: JudgeHost | None
    """The language model that scorers may ask; None if the run hosts none."""

    @property
    def asked_judge(self) -> Judge | None:
        """The hosted judge as scorers have it."""
        return self.judge.judge if self.judge else None

    def judge_metrics(self) -> dict[str, float]:
        """What the judge did since the last call; nothing without one. Engines of it that died are told of."""
        if self.judge is None:
            return {}
        report = self.judge.report()
        for line in report.told:
            warn(line)
        return report.metrics()

    def prompts(self, rows: RowData, indices: Iterable[int], name: str) -> list[Prompt]:
        """Rows as prompts that are ready to ask, in order; `name` and the position make the keys."""
        return encoded_prompts(self.learners, rows, indices, name)


@contextmanager
def launch(config: Config, run: RunDirectory, splits: Splits) -> Iterator[Workers]:
    """Start all actors side by side, wait for them with a bound, and stop them at the end."""
    timeout, learner = config.cluster.start_timeout, config.learner
    say("starting engines, reward workers and learners")
    with ExitStack() as started:  # one that does not stop keeps no other from it
        learners = LearnerGroup(learner.ranks, learner.cpus, learner.gpus)
        started.callback(learners.shutdown)
        transfer = make_transfer(learners, config.model, config.rollout)
        engines = EnginePool(config.rollout, warn)
        started.callback(engines.shutdown)
        judge = start_judge(config, splits.most_media, started)
        entries = with_sources(scorer_entries(config))
        variables = needed(entry.scorer for entry in entries)
        rewards = RewardPool(entries, config.rewards.workers, judge.judge if judge else None, variables)
        started.callback(rewards.shutdown)
        hashes = agreed(wait_ready("the reward workers", rewards.ready(), timeout))  # before others are waited for
        wait_ready("room for the learner ranks", [learners.room()], timeout)
        learners.place()
        model = named_model(config) or build_model(config, run, learners, splits.train)
        spec = learner_spec(config, model)
        (bounds, *_) = wait_ready("what prompts are made with", learners.bounds(spec), timeout)
        splits = fitting(config, splits, bounds, learners.measure)
        engines_started = engines.start(engine_spec(config, model, splits.most_media))
        wait_ready("the learner ranks", learners.start(spec), timeout)
        say("learner ranks are ready")
        note_scorers(run, entries, hashes)
        engines.started(wait_ready("the rollout engines", engines_started, timeout))
        say("rollout engines are ready")
        if judge is not None:
            judge.wait(timeout)
            say("the judge is ready")
        probe = Probe(probe_prompt(learners, splits.val), config.grpo.temperature, derived(config.seed, "probe"))
        sync = WeightSync(engines, learners, transfer, config.rollout, probe)
        yield Workers(splits, engines, rewards, learners, sync, hashes, judge)


def start_judge(config: Config, media_per_prompt: dict[str, int], started: ExitStack) -> JudgeHost | None:
    """Start the judge that a config hosts, if it does, and have it stopped with what else was started."""
    if config.rewards.judge is None:
        return None
    judge = JudgeHost(judge_spec(config, config.rewards.judge, media_per_prompt))
    started.callback(judge.shutdown)
    return judge


def build_model(config: Config, run: RunDirectory, learners: LearnerGroup, rows: RowData) -> str:
    """The folder of the run's tiny model, which is built unless an interrupted run has done so."""
    if not run.initial_model.exists():
        texts, tiny = tokenizer_texts(rows), config.model.tiny

        def build(folder: Path) -> None:
            built = learners.build_tiny(folder, texts, tiny, derived(config.seed, "tiny model"))
            wait_ready("the tiny model", [built], config.cluster.start_timeout)

        write_folder(run.initial_model, build)
        say(f"built a tiny {tiny.family}: {run.initial_model}")
    return str(run.initial_model)


def encoded_prompts(learners: LearnerGroup, rows: RowData, indices: Iterable[int], name: str) -> list[Prompt]:
    """Rows as prompts that are ready to ask, in order; `name` and the position make the keys."""
    chosen = [rows[index] for index in indices]
    encoded = learners.encode(chosen)
    return [Prompt(f"{name}-{place}", *pair) for place, pair in enumerate(zip(chosen, encoded, strict=True))]


def probe_prompt(learners: LearnerGroup, rows: RowData) -> Prompt:
    """The prompt that each sync is checked on: the first rationale, or the first row where there is none."""
    index = rows.indices_by_task().get("rationale", [0])[0]
    return encoded_prompts(learners, rows, [index], "probe")[0]


def note_scorers(run: RunDirectory, entries: Sequence[MixEntry], hashes: Mapping[str, str]) -> None:
    """Keep every scorer's hash, and say which are of other versions than before. Those from files are told with their texts."""
    before = run.state().get("scorers", {})
    run.remember(scorers={**before, **hashes})
    installed = [entry.scorer.name for entry in entries if entry.scorer.source is None]
    if changed := [name for name in installed if before.get(name, hashes[name]) != hashes[name]]:
        warn(f"scorers are of other versions than before: {', '.join(changed)}")


def agreed(hashes: Sequence[dict[str, str]]) -> dict[str, str]:
    """The scorers' source hashes, which must be the same on every reward worker.

    Raises:
        ClusterError: if nodes have different versions of a scorer's module installed.
    """
    for other in hashes:
        differ = sorted(name for name, sha in other.items() if sha != hashes[0][name])
        if differ:
            raise ClusterError(
                f"reward workers loaded different versions of {', '.join(differ)}; install the same one everywhere"
            )
    return hashes[0]
