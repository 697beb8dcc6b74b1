"""The judge that a run hosts: how it begins and ends, and how scorers ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.cluster import wait_ready
from actors.forwarding import start_actor
from actors.judge.engine import JudgeSpec
from actors.judge.server import JudgeReport, JudgeServer
from rewards.sample import ScorerError
from rewards.scorers.questions import Question, Read

_STOP_SECONDS = 15.0


class HostedJudge:
    """A judge that answers in actors: what scorers, wherever they run in the cluster, ask (`rewards.scorers.questions.Judge`)."""

    def __init__(self, server: Any) -> None:
        """`server` is the handle of a `JudgeServer`."""
        self.server = server

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        """What `read` makes of the answer, as `Judge.ask` has it."""
        try:
            return read(await self.server.answer.remote(question))
        except RayTaskError as error:
            if isinstance(error.cause, Exception):  # the server's own, without Ray's traceback
                raise error.cause from None
            raise
        except RayActorError as error:
            raise ScorerError(f"the judge's server has died: {str(error).splitlines()[0]}") from None


class JudgeHost:
    """The run's side of the judge: starts it, asks what it did, stops it."""

    def __init__(self, spec: JudgeSpec) -> None:
        """Reserve the judge's actors; they load the model from now on."""
        self._server = start_actor(JudgeServer, spec, max_concurrency=4096, num_cpus=0)
        self._started = self._server.start.remote()
        self.judge = HostedJudge(self._server)
        """What scorers ask."""

    def wait(self, timeout: float) -> None:
        """Wait until the judge can be asked. Raises `ClusterError` if it cannot within so many seconds."""
        wait_ready("the judge", [self._started], timeout)

    def report(self) -> JudgeReport:
        """What it did since the last report. Raises `EngineKeepsDying` if it answers nothing any more."""
        try:
            report: JudgeReport = ray.get(self._server.report.remote())
        except RayTaskError as error:
            raise error.cause from None
        return report

    def shutdown(self) -> None:
        """Stop it, whatever it is doing."""
        ray.wait([self._server.shutdown.remote()], timeout=_STOP_SECONDS)
        ray.kill(self._server)
