"""What the tests of runners share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from rewards.plugins.runners import Runner, start_runner
from rewards.plugins.spec import ScorerSpec

ODD_SCORERS = Path(__file__).with_name("odd_scorers.py")
LOUD_SCORERS = Path(__file__).with_name("loud_scorers.py")


class Start(Protocol):
    """Starts a runner for one of `odd_scorers.py` or another file, with a timeout of a second and no retries."""

    def __call__(self, name: str, file: Path = ODD_SCORERS, **settings: object) -> Runner: ...


@pytest.fixture
def start() -> Iterator[Start]:
    runners: list[Runner] = []

    def begin(name: str, file: Path = ODD_SCORERS, **settings: object) -> Runner:
        given = {"timeout": 1.0, "retries": 0, **settings}
        runners.append(start_runner(ScorerSpec("mine", f"{file}:{name}", **given)))  # type: ignore[arg-type]
        return runners[-1]

    yield begin
    for runner in runners:
        runner.close()
