"""Running a scorer where its isolation says: in this process, in a thread, or in a process of its own.

A process of its own can be killed, and is the default for everything that does not ship: a scorer that hangs, spins in C
code, eats memory or ends its process costs its own sample and nothing else.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from rewards.plugins.calling import call, failure, is_async
from rewards.plugins.loading import Scorer, load_scorer
from rewards.plugins.loops import GRACE
from rewards.plugins.process_runner import ProcessRunner
from rewards.plugins.spec import ScorerSpec, check_spec, with_source
from rewards.sample import Failure, Mode, Outcome, RewardSample

_BACKOFF = 0.5
"""Seconds before the first retry. Each next one waits twice as long, and chance adds or takes up to half."""
_MOST_THREADS = 16
"""The most calls of one scorer at a time; also how many may hang before it is given up."""


class Runner(Protocol):
    """A scorer that has been loaded where it is to run."""

    spec: ScorerSpec
    mode: Mode
    """What one call of it gets."""
    sha256: str
    """Hash of its version."""
    promised: tuple[float, float] | None
    """The least and the greatest score that it promises to give; None if it promises nothing."""
    env: tuple[str, ...]
    """Names of the environment variables that it needs."""

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        """One outcome for each sample, in their order. In `group` mode the samples are those of one prompt."""

    def said(self) -> str:
        """What it has printed and logged since this was last called, the last 16 KiB of it; "" for nothing.

        Only a process of its own has output of its own: any other scorer prints where the process prints that calls it.
        """

    def close(self) -> None:
        """End whatever it has running."""


def start_runner(spec: ScorerSpec) -> Runner:
    """Load a scorer where it is to run.

    Raises:
        PluginError: if its settings cannot work, or it cannot be loaded there.
    """
    check_spec(spec)
    spec = spec if spec.source else with_source(spec)  # so that a process that is replaced has the same text
    places: dict[str, Callable[[ScorerSpec], Runner]] = {
        "process": ProcessRunner,
        "thread": ThreadRunner,
        "inline": InlineRunner,
    }
    return places[spec.place](spec)


def score_with_retries(runner: Runner, samples: Sequence[RewardSample]) -> list[Outcome]:
    """Score, and try faults of infrastructure again, as often as the spec's `retries`.

    A scorer that compares within groups gets the whole group again, any other only the samples that failed.
    """
    outcomes = runner.score(samples)
    for attempt in range(runner.spec.retries):
        failed = [i for i, found in enumerate(outcomes) if isinstance(found, Failure) and found.infrastructure]
        if not failed:
            break
        time.sleep(_BACKOFF * 2**attempt * random.uniform(0.5, 1.5))
        again = range(len(samples)) if runner.mode == "group" else failed
        for index, outcome in zip(again, runner.score([samples[i] for i in again]), strict=True):
            outcomes[index] = outcome
    return outcomes


class InlineRunner:
    """Calls a scorer in this process: for pure functions that are trusted, since nothing can stop a call.

    Coroutines have their timeout here too: they are left behind in a thread if they do not end when they are cancelled.
    """

    def __init__(self, spec: ScorerSpec) -> None:
        self.spec = spec
        self.scorer: Scorer = load_scorer(spec)
        self.mode, self.sha256, self.promised = self.scorer.mode, self.scorer.sha256, self.scorer.promised
        self.env = self.scorer.env

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        outcomes: list[Outcome] = [None] * len(samples)
        spec = self.spec
        for index, outcome in call(self.scorer.function, spec.name, self.mode, samples, self.scorer.parameters, spec.timeout):
            outcomes[index] = outcome
        return outcomes

    def said(self) -> str:
        return ""

    def close(self) -> None:
        pass


class ThreadRunner(InlineRunner):
    """Calls a scorer in threads, for several samples side by side: for scorers that wait for a service.

    A late call is left behind in its thread, which cannot be killed. Such calls are counted, and once there are too many
    of them every new call fails.
    """

    def __init__(self, spec: ScorerSpec) -> None:
        super().__init__(spec)
        self.stuck = 0

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        if is_async(self.scorer.function):
            return super().score(samples)
        calls = [[i] for i in range(len(samples))] if self.mode == "sample" else [list(range(len(samples)))]
        outcomes: list[Outcome] = [None] * len(samples)
        for begin in range(0, len(calls), _MOST_THREADS):
            for indices, found in self._together(samples, calls[begin : begin + _MOST_THREADS]):
                for index, outcome in zip(indices, found, strict=True):
                    outcomes[index] = outcome
        return outcomes

    def _together(self, samples: Sequence[RewardSample], calls: list[list[int]]) -> list[tuple[list[int], list[Outcome]]]:
        spec = self.spec
        if self.stuck + len(calls) > 2 * _MOST_THREADS:
            message = f"{self.stuck} calls hang in threads, which cannot be killed; use isolation: process"
            return [(indices, [Failure(message)] * len(indices)) for indices in calls]
        boxes: list[queue.Queue[list[Outcome]]] = []
        for indices in calls:
            box: queue.Queue[list[Outcome]] = queue.Queue()
            chosen = [samples[i] for i in indices]
            # a daemon, since a call that hangs must not keep the process from ending
            threading.Thread(target=self._call, args=(chosen, box), name=f"scorer-{spec.name}", daemon=True).start()
            boxes.append(box)
        deadline = time.monotonic() + spec.timeout + GRACE
        found: list[tuple[list[int], list[Outcome]]] = []
        for indices, box in zip(calls, boxes, strict=True):
            try:
                found.append((indices, box.get(timeout=max(0.0, deadline - time.monotonic()))))
            except queue.Empty:
                self.stuck += 1
                late = Failure(f"timed out after {spec.timeout:g} s; its thread was left behind")
                found.append((indices, [late] * len(indices)))
                threading.Thread(target=self._await, args=(box,), daemon=True).start()
        return found

    def _call(self, samples: list[RewardSample], box: queue.Queue[list[Outcome]]) -> None:
        spec = self.spec
        answers = call(
            self.scorer.function, spec.name, self.mode, samples, self.scorer.parameters, spec.timeout, faults=BaseException
        )
        try:
            box.put([outcome for _, outcome in answers])
        except BaseException as error:  # noqa: BLE001 - a thread's end must become an outcome, whatever ended it
            box.put([failure(error)] * len(samples))

    def _await(self, box: queue.Queue[list[Outcome]]) -> None:
        """Keep a late call among those that hang until it comes back."""
        box.get()
        self.stuck -= 1
