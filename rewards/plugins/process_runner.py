"""A scorer in a child process: the reward worker's side. No call can block it for longer than the scorer's timeout.

`rewards/plugins/child.py` is the child as it is seen from here, `rewards/plugins/scorer_process.py` the child's side.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from rewards.plugins.child import START_TIMEOUT, Child
from rewards.plugins.output import Transcript
from rewards.plugins.scorer_process import from_json
from rewards.plugins.sending import Unsendable, pack_samples
from rewards.plugins.spec import NotInstalled, PluginError, ScorerSpec
from rewards.plugins.variables import without_secrets
from rewards.sample import Failure, Mode, Outcome, RewardSample

_GRACE = 1.0
"""Seconds that a child has beyond the scorer's timeout where it cancels late coroutines itself."""


class ProcessRunner:
    """Runs a scorer in a child process, which is replaced when it dies or a call is late. Threads may share it."""

    mode: Mode
    sha256: str
    promised: tuple[float, float] | None
    env: tuple[str, ...]
    concurrent: bool
    """Whether the scorer is a coroutine function, which is called for all samples at once."""

    def __init__(self, spec: ScorerSpec) -> None:
        """Start the child and have it load the scorer. Raises `PluginError` if it cannot."""
        self.spec = spec
        self._lock = threading.Lock()
        self._request = 0
        self._transcript = Transcript()
        self._child = Child(spec, self._transcript)
        self._greet()

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        """One outcome for each sample. A fault costs the sample of its call; the others are asked for again."""
        outcomes: dict[int, Outcome] = {}
        with self._lock:
            while len(outcomes) < len(samples):
                waiting = [index for index in range(len(samples)) if index not in outcomes]
                try:
                    self._ask(samples, waiting, outcomes)
                except BaseException:
                    self._child.kill()  # its answers to come belong to nobody
                    raise
        return [outcomes[index] for index in range(len(samples))]

    def said(self) -> str:
        """What the scorer has printed and logged since this was last called, when it was loaded and between calls too."""
        self._child.output.catch_up()
        return without_secrets(self._transcript.take())

    def close(self) -> None:
        """End the child and all that it has started."""
        self._child.kill()

    def _ask(self, samples: Sequence[RewardSample], waiting: list[int], outcomes: dict[int, Outcome]) -> None:
        """Ask for the waiting samples; returns when all are answered, or some are blamed and the child is gone."""
        try:
            request = pack_samples(self._request + 1, [samples[index] for index in waiting])
            self._restart_if_dead()
        except Unsendable as error:
            self._ask_alone(samples, waiting, outcomes, str(error))
            return
        except PluginError as error:
            outcomes.update(dict.fromkeys(waiting, Failure(f"it could not be loaded again: {error}")))
            return
        self._request += 1
        one_by_one = self.mode == "sample" and not self.concurrent
        patience = self.spec.timeout + (0.0 if one_by_one else _GRACE)  # coroutines are cancelled by the child itself
        answered, deadline = 0, time.monotonic() + patience
        reason = self._child.send(request, deadline)
        while reason is None and answered < len(waiting):
            answer = self._child.receive(deadline)
            if answer is None:
                reason = f"timed out after {self.spec.timeout:g} s; its process was killed"
            elif "ended" in answer:
                reason = f"its process died ({self._child.last_words()})"
            elif answer.get("request") == self._request:
                if "unreadable" in answer:
                    self._ask_alone(samples, waiting, outcomes, answer["unreadable"])
                    return
                outcomes[waiting[answer["index"]]] = from_json(answer)
                answered, deadline = answered + 1, time.monotonic() + patience
        if reason is not None:
            unanswered = [index for index in waiting if index not in outcomes]
            blamed = unanswered[:1] if one_by_one else unanswered
            outcomes.update(dict.fromkeys(blamed, Failure(reason)))
            self._child.kill()

    def _ask_alone(self, samples: Sequence[RewardSample], waiting: list[int], outcomes: dict[int, Outcome], why: str) -> None:
        """Find the samples that do not travel, where a call is for one sample; otherwise they cost the call."""
        if self.mode != "sample" or len(waiting) == 1:
            outcomes.update(dict.fromkeys(waiting, Failure(why)))
            return
        for index in waiting:
            while index not in outcomes:
                self._ask(samples, [index], outcomes)

    def _restart_if_dead(self) -> None:
        if not self._child.alive():
            if not self._child.killed:
                self._transcript.add(f"[its process ended between calls: {self._child.leash.ending()}]\n".encode())
            self._child.kill()
            self._child = Child(self.spec, self._transcript)
            self._greet()

    def _greet(self) -> None:
        name, answer = self.spec.name, self._child.receive(time.monotonic() + START_TIMEOUT)
        if answer is None:
            answer = {"error": f"scorer {name!r}: not loaded within {START_TIMEOUT:.0f} s"}
        elif "ended" in answer:
            words = self._child.last_words()
            answer = {"error": f"scorer {name!r}: its process died while loading it ({words}); mend what runs on import"}
        if "error" in answer:
            self._child.kill()
            raise (NotInstalled if answer.get("not_installed") else PluginError)(answer["error"])
        self.mode, self.sha256, self.concurrent = answer["mode"], answer["sha256"], answer["concurrent"]
        self.promised = tuple(answer["promised"]) if answer["promised"] else None
        self.env = tuple(answer["env"])
