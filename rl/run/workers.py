"""Everything that a run has to work with: engines, reward workers, learner ranks, and how prompts are made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import ray

from actors.cluster import ClusterError, wait_ready
from actors.learners import LearnerGroup
from actors.pool.pool import EnginePool, SyncReport
from actors.reward_workers import RewardPool
from actors.sync.weight_sync import Deliveries
from rewards.errors import UserError
from rewards.mix import with_sources
from rl.config.schema import Config, ReasoningConfig, scorer_entries
from rl.record.console import say, warn
from rl.record.directory import RunDirectory, write_folder
from rl.record.measures import Evaluation, evaluate_groups
from rl.record.time_left import phase
from rl.run.preparation import Splits, named_model, tokenizer_texts
from rl.run.specs import adapter_alone, engine_spec, greedy_sampling, learner_spec, longest_completion
from rollout.judges import judge_of
from rollout.mixing import evaluated_rows
from rollout.rows import RowData
from rollout.samples import Group, LearnItem, Prompt, SamplingSpec, TokenCredit

PROBE_TOKENS = 8


class SyncMismatch(UserError):
    """Right after a sync, engine and learner give the same tokens different probabilities."""


class NothingScored(UserError):
    """Scorers failed on every sample of a validation, so that no checkpoint can be chosen."""


@dataclass(frozen=True)
class Synced:
    """A finished sync and what the check after it measured."""

    report: SyncReport
    seconds: float
    logprob_diff: float
    """Largest difference between engine and learner over the probe's tokens, all engines."""

    def metrics(self) -> dict[str, float]:
        return {
            "sync/logprob_diff": self.logprob_diff,
            "sync/pause_seconds": self.report.pause_seconds,
            "sync/seconds": self.seconds,
            "sync/bytes": float(self.report.bytes),
            "sync/version": float(self.report.version),
        }


class Workers:
    """The actors of one run."""

    def __init__(
        self, config: Config, rollouts: EnginePool, scoring: RewardPool, learners: LearnerGroup, scorer_hashes: dict[str, str]
    ) -> None:
        self.config = config
        self.scorer_hashes = scorer_hashes
        self.rollouts = rollouts
        self.scoring = scoring
        self.learners = learners
        self.deliveries = Deliveries(learners, config.rollout, adapter_alone(config))

    def prompts(self, rows: RowData, indices: Iterable[int], name: str) -> list[Prompt]:
        """Ready to ask; `name` and the position make the keys."""
        chosen = [rows[index] for index in indices]
        encoded = self.learners.encode(chosen)
        return [Prompt(f"{name}-{place}", *pair) for place, pair in enumerate(zip(chosen, encoded, strict=True))]

    def sync(self, version: int, probe: Prompt) -> Synced:
        """Give the engines the learner's weights, then check on a few tokens that both sides agree.

        Raises:
            SyncMismatch: if they do not.
        """
        began = time.perf_counter()
        report = self.load(version)
        seconds = time.perf_counter() - began
        difference = self.logprob_difference(probe)
        limit = self.config.rollout.max_logprob_diff
        if limit is not None and not difference <= limit:
            raise SyncMismatch(
                f"after the sync to version {version}, engine and learner differ by {difference:.2e} in the log-prob of "
                f"one token (rollout.max_logprob_diff = {limit:g}): weights or caches are stale"
            )
        return Synced(report, seconds, difference)

    def load(self, version: int) -> SyncReport:
        """Give the engines the learner's weights."""
        return self.rollouts.load(self.deliveries.next(), version)

    def logprob_difference(self, probe: Prompt) -> float:
        """Largest difference in a token's log-prob between engines and learner on a completion of the probe."""
        sampling = SamplingSpec(1, PROBE_TOKENS, self.config.grpo.temperature, seed=self.config.seed)
        groups = self.rollouts.probe(probe, sampling)
        samples = [sample for group in groups for sample in group.samples]
        items = [LearnItem(probe.encoded, sample.ids, sample.log_probs, 0.0) for sample in samples]
        ours = self.learners.log_probs(items)
        return max(float(np.abs(a - s.log_probs).max()) for a, s in zip(ours, samples, strict=True))

    def reference_kl(self, groups: Sequence[Group]) -> list[list[float]]:
        """Each sample's KL from the frozen reference, by group."""
        items = [
            LearnItem(group.prompt.encoded, sample.ids, sample.log_probs, 0.0) for group in groups for sample in group.samples
        ]
        values = iter(self.learners.reference_kl(items))
        return [[next(values) for _ in group.samples] for group in groups]

    def generate_greedy(self, prompts: Sequence[Prompt]) -> list[Group]:
        """One greedy completion of each prompt, as long as its task may be."""
        with phase("evaluate", len(prompts)) as shown:
            sampling = partial(greedy_sampling, self.config.evaluation)
            return self.rollouts.groups(prompts, lambda prompt: sampling(prompt.row.task), shown.step)

    def evaluate(self, rows: RowData, name: str) -> Evaluation:
        """Greedy measures on the held-out rows of every task that the config evaluates."""
        settings = self.config.evaluation
        prompts = self.prompts(rows, evaluated_rows(settings.rows, rows), name)
        return evaluate_groups(self.generate_greedy(prompts), settings.examples)

    def evaluate_reasoned(self, rows: RowData, name: str, settings: ReasoningConfig) -> Evaluation:
        """Measures of the evaluated rationale rows, reasoned stage by stage."""
        evaluation = self.config.evaluation
        prompts = self.prompts(rows, evaluated_rows({"rationale": evaluation.rows["rationale"]}, rows), name)
        longest = longest_completion(evaluation.max_tokens, "rationale")
        sampling = SamplingSpec(settings.width, longest, settings.temperature, seed=self.config.seed)
        judge = judge_of(settings.scorer, settings.endpoint, settings.model)
        with phase("reason", len(prompts)) as shown:
            found = self.rollouts.reason(prompts, sampling, [judge(prompt.row) for prompt in prompts], shown.step)
        return evaluate_groups([one.group(prompt) for one, prompt in zip(found, prompts, strict=True)], evaluation.examples)

    def validate(self, rows: RowData, step: int) -> tuple[float, dict[str, float]]:
        """(mean reward, measures) of greedy rationales on the val split; the reward picks the best checkpoint."""
        settings = self.config.evaluation
        prompts = self.prompts(rows, evaluated_rows(settings.val_rows, rows), f"val{step}")
        groups = self.generate_greedy(prompts)
        scored = self.scoring.score([ray.put(group) for group in groups], self.config.rollout.timeout)
        values = [reward.value for item in scored for reward in item.rewards if reward.value is not None]
        if not values:
            raise NothingScored(
                f"not one of {len(groups)} samples of the val split could be scored; see `affectree reward check`"
            )
        return float(np.mean(values)), evaluate_groups(groups).measures


@contextmanager
def launch(config: Config, run: RunDirectory, splits: Splits) -> Iterator[Workers]:
    """Start all actors side by side, wait for them with a bound, and stop them at the end."""
    timeout, learner = config.cluster.start_timeout, config.learner
    say("starting engines, reward workers and learners")
    with ExitStack() as started:  # one that does not stop keeps no other from it
        learners = LearnerGroup(learner.ranks, learner.cpus, learner.gpus)
        started.callback(learners.shutdown)
        rollouts = EnginePool(config.rollout, warn)
        started.callback(rollouts.shutdown)
        entries = with_sources(scorer_entries(config))
        scoring = RewardPool(entries, config.rewards.workers)
        started.callback(scoring.shutdown)
        wait_ready("room for the learner ranks", [learners.room()], timeout)
        learners.place()
        model = named_model(config)
        if model is None:
            model = str(run.initial_model)
            if not run.initial_model.exists():
                texts = tokenizer_texts(splits.train)

                def build(folder: Path) -> None:
                    wait_ready("the tiny model", [learners.build_tiny(folder, texts, config.model.tiny, config.seed)], timeout)

                write_folder(run.initial_model, build)
                say(f"built a tiny {config.model.tiny.family}: {run.initial_model}")
        engines_started = rollouts.start(engine_spec(config, model, splits.most_media))
        wait_ready("the learner ranks", learners.start(learner_spec(config, model, splits.train)), timeout)
        say("learner ranks are ready")
        hashes = agreed(wait_ready("the reward workers", scoring.ready(), timeout))
        if changed := run.keep_scorers(entries, hashes):
            warn(f"scorers differ from those that this run began with: {', '.join(changed)}")
        rollouts.started(wait_ready("the rollout engines", engines_started, timeout))
        say("rollout engines are ready")
        yield Workers(config, rollouts, scoring, learners, hashes)


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


def learn_items(
    groups: Sequence[Group],
    advantages: Sequence[Sequence[float | None]],
    parts: Sequence[Sequence[TokenCredit]],
) -> list[LearnItem]:
    """The samples that have an advantage, in order."""
    return [
        LearnItem(group.prompt.encoded, sample.ids, sample.log_probs, advantage, of_parts)
        for group, row, part_row in zip(groups, advantages, parts, strict=True)
        for sample, advantage, of_parts in zip(group.samples, row, part_row, strict=True)
        if advantage is not None
    ]


__all__ = ["SyncMismatch", "Synced", "Workers", "evaluated_rows", "launch", "learn_items"]
