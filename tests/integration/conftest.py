"""A real cluster for the integration tests, and settings that make a run small."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rl.config.load import load_config
from rl.config.schema import Config

QUICKSTART = Path("configs/quickstart.yaml").resolve()

SMALL = (
    "curriculum.stages.attribute.steps=2",
    "curriculum.stages.expression.steps=1",
    "curriculum.stages.emotion.steps=1",
    "grpo.steps=4",
    "grpo.prompts=4",
    "grpo.group=4",
    "grpo.max_tokens=24",
    "grpo.kl=0.02",
    "grpo.estimator=ema_grpo",
    "grpo.credit=level",
    "grpo.resample=1",
    "grpo.epochs=2",
    "evaluation.every=2",
    "evaluation.rows={rationale: 4, attribute_open: 4, attribute_closed: 4, expression_open: 4, emotion_single: 4,"
    " emotion_fine: 4, action_units: 4}",
    "evaluation.val_rows={rationale: 4}",
    'evaluation.max_tokens={rationale: 160, "*": 24}',
    "evaluation.reasoning={width: 2, scorer: agreement}",
    "checkpoints.every=1",
)


def small_settings(faces: Path, runs: Path, *more: str) -> list[str]:
    """Overrides of the quickstart for a run of seconds rather than minutes; `more` take the place of those with the same key."""
    words = {word.partition("=")[0]: word for word in (*SMALL, f"data.directory={faces}", f"runs={runs}", *more)}
    if words["evaluation.every"].endswith("=0"):
        del words["evaluation.val_rows"]  # which would have no effect and so be refused
    if {"data.train", "data.val", "data.test"} <= words.keys():
        del words["data.directory"]  # likewise
    return list(words.values())


@pytest.fixture(scope="module")
def config(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return load_config(QUICKSTART, small_settings(faces, tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with local_cluster(tmp_path_factory.mktemp("logs")):
        yield


@contextmanager
def local_cluster(logs: Path) -> Iterator[None]:
    """A local Ray cluster, as `affectree train` starts one; what actors print is shown at the end, and so beside a failure.

    Args:
        logs: an empty folder for what they print.
    """
    import ray

    from actors.cluster import LOCAL, connect
    from actors.environment import worker_environment
    from actors.logs import LOGS

    connect(LOCAL, object_store_gib=0.5, environment=worker_environment(on_cpu=True) | {LOGS: str(logs)})
    yield
    ray.shutdown()
    for file in sorted(logs.iterdir()):
        sys.stderr.write(f"--- the end of {file}\n{file.read_text(errors='replace')[-6000:]}\n")
