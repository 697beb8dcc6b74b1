"""A sync: every engine takes the learner's weights, then engine and learner are seen to agree."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actors.learners.group import LearnerGroup
from actors.pool.pool import EnginePool
from actors.pool.slot import Engine
from actors.sync.round import SyncBound, SyncTimeout, report_the_dead, run_round
from actors.sync.transfer import Transfer
from rewards.errors import UserError
from rl.config.schema import RolloutConfig
from rollout.samples import Group, Prompt, SamplingSpec, TokenGroup

PROBE_TOKENS = 8
"""Tokens of the completion on which engine and learner are compared."""


class SyncMismatch(UserError):
    """Right after a sync, engine and learner give the same tokens different probabilities."""


@dataclass(frozen=True)
class SyncReport:
    """How engines took new weights."""

    version: int
    seconds: float
    """Seconds from the beginning until every living engine had them."""
    pause_seconds: float
    """The longest time, in seconds, in which an engine generated nothing."""
    bytes: int
    """Bytes that were sent."""


@dataclass(frozen=True)
class Synced:
    """A finished sync, and what the check after it measured."""

    report: SyncReport
    logprob_diff: float
    """Largest difference between engine and learner in the log-prob of a token of the probe, over all engines."""

    def metrics(self) -> dict[str, float]:
        """The sync as metrics, by name."""
        return {
            "sync/logprob_diff": self.logprob_diff,
            "sync/pause_seconds": self.report.pause_seconds,
            "sync/seconds": self.report.seconds,
            "sync/bytes": float(self.report.bytes),
            "sync/version": float(self.report.version),
        }


@dataclass(frozen=True)
class Probe:
    """What engine and learner are compared on after each sync: always the same prompt, so that a stale cache shows."""

    prompt: Prompt
    temperature: float
    """Sampling temperature of training, since it scales the log-probs that are compared."""
    seed: int

    @property
    def sampling(self) -> SamplingSpec:
        """How the completion is drawn on which both are compared."""
        return SamplingSpec(1, PROBE_TOKENS, self.temperature, seed=self.seed)


class WeightSync:
    """Gives the engines of a pool the learner's weights, and the successors of those that die what the last sync gave."""

    def __init__(
        self, engines: EnginePool, learners: LearnerGroup, transfer: Transfer, rollout: RolloutConfig, probe: Probe
    ) -> None:
        """
        Args:
            engines: the pool; its `revive` is set.
            learners: the ranks whose weights are sent.
            transfer: how the weights reach the engines.
            rollout: the config's section, with the limits of a sync.
            probe: what each sync is checked on.
        """
        self.engines, self.learners, self.transfer, self.probe = engines, learners, transfer, probe
        self.timeout = rollout.sync_timeout
        self.max_logprob_diff = rollout.max_logprob_diff
        self._last: tuple[Transfer, int] | None = None
        """The transfer and the version of the last sync; None while one is under way."""
        engines.revive = self._revive

    def sync(self, version: int) -> Synced:
        """Give every engine the learner's weights as `version`, then check on the probe that both sides agree.

        Raises:
            SyncMismatch: if they do not.
            SyncTimeout, LearnerLost, GenerationTimeout: naming who did not finish.
        """
        report = self.load(version)
        difference = self.logprob_difference(self.probe.prompt)
        limit = self.max_logprob_diff
        if limit is not None and not difference <= limit:
            raise SyncMismatch(
                f"after the sync to version {version}, engine and learner differ by {difference:.2e} in the log-prob of "
                f"one token (rollout.max_logprob_diff = {limit:g}): weights or caches are stale"
            )
        return Synced(report, difference)

    def load(self, version: int) -> SyncReport:
        """Give every engine the learner's weights as `version`, without the check. Returns when all that live serve them.

        Raises:
            SyncTimeout: naming who has not finished within `rollout.sync_timeout`.
            LearnerLost: if a learner rank dies while it sends.
        """
        began = time.perf_counter()
        dispatcher, transfer = self.engines.dispatcher, self.transfer
        with self.engines.reviving:
            self._last = None
            transfer.prepare()
            bound = SyncBound(version, self.timeout)
            report_the_dead(dispatcher, bound)
            engines = dispatcher.serving()
            pauses: list[float] = []
            while engines or not pauses:
                engines += self.engines.successors() if engines else self._awaited(bound)
                ended = run_round(dispatcher, engines, transfer, version, bound)
                pauses += ended.pauses
                engines = ended.behind
            self._last = (transfer, version)
        return SyncReport(version, time.perf_counter() - began, max(pauses), transfer.bytes)

    def logprob_difference(self, prompt: Prompt) -> float:
        """Largest difference between engines and learner in the log-prob of a token, on a short completion of a prompt."""
        groups = self.engines.probe(prompt, self.probe.sampling)
        return largest_difference(self.learners.log_probs([TokenGroup.of(group) for group in groups]), groups)

    def _awaited(self, bound: SyncBound) -> list[Engine]:
        """Successors that are ready, waited for where no engine is left."""
        while not (engines := self.engines.successors(wait=bound.left())):
            if not bound.left():
                raise SyncTimeout(
                    f"no engine is left, and no successor was ready within {self.timeout:.0f} s (rollout.sync_timeout)"
                )
            time.sleep(0.1)
        return engines

    def _revive(self) -> None:
        """Have successors that are ready take what the last sync gave; if that is gone, they wait for the next sync."""
        if self._last is None:
            return
        last, version = self._last
        if (transfer := last.again()) is None:
            return
        engines = self.engines.successors()
        while engines:
            bound = SyncBound(version, self.timeout)
            engines = run_round(self.engines.dispatcher, engines, transfer, version, bound).behind


def largest_difference(log_probs: Sequence[Sequence[np.ndarray]], groups: Sequence[Group]) -> float:
    """Largest absolute difference between the learner's log-probs and those that engines recorded.

    Args:
        log_probs: the learner's, float32 (k,) for each sample, by group.
        groups: the engines', at least one.
    """
    pairs = [pair for ours, group in zip(log_probs, groups, strict=True) for pair in zip(ours, group.samples, strict=True)]
    return max(float(np.abs(ours - sample.log_probs).max()) for ours, sample in pairs)
