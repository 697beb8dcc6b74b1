"""A run that was begun with relative paths goes on from another folder, without its scorer's file, and never with other data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from rl.record.runs.directory import RunDirectory
from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
STEPS = 4
SCORER = """
from wanted import LETTER


def letters(sample):
    return sample.completion.count(LETTER) / max(1, len(sample.completion))
"""
ESTIMATOR = """
from rl.algo.advantages import by_group


def centred(rewards):
    return by_group(rewards.values, lambda values: [value - sum(values) / len(values) for value in values])
"""
START_SECONDS = 300


@dataclass(frozen=True)
class Begun:
    """A run that was interrupted after a step."""

    home: Path
    """The working directory that its paths were relative to."""
    run: RunDirectory
    elsewhere: Path
    """An empty folder."""

    def resume(self, *words: str) -> subprocess.CompletedProcess[str]:
        return affectree(self.elsewhere, "train", "--resume", str(self.run.path), *words)


def affectree(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "affectree"), *words], cwd=place, env=environment(), capture_output=True, text=True, check=False
    )


def environment() -> dict[str, str]:
    return {**os.environ, "RAY_ADDRESS": "local"}


@pytest.fixture(scope="module")
def begun(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Begun:
    home, elsewhere = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(faces, home / "rows")
    (home / "code").mkdir()
    (home / "code" / "letters.py").write_text(SCORER)
    (home / "code" / "wanted.py").write_text('LETTER = "e"\n')
    (home / "rank.py").write_text(ESTIMATOR)
    words = small_settings(
        Path("rows"),
        Path("mine"),
        *(f"curriculum.stages.{stage}.steps={steps}" for stage, steps in (("attribute", 1), ("expression", 0), ("emotion", 0))),
        f"grpo.steps={STEPS}",
        "grpo.epochs=1",
        "grpo.kl=0",
        "grpo.estimator=rank.py:centred",
        "grpo.credit=sequence",
        "evaluation.every=0",
        "evaluation.rows={rationale: 2}",
        "evaluation.max_tokens={rationale: 24}",
        "evaluation.reasoning=null",
        "rewards.scorers={letters: {spec: 'code/letters.py:letters'}}",
        "tracking.mlflow=false",
    )
    output = home / "begun.log"
    with output.open("w") as log:
        training = subprocess.Popen(
            [str(BIN / "affectree"), "train", str(QUICKSTART), *words], cwd=home, env=environment(), stdout=log, stderr=log
        )
    deadline = time.monotonic() + START_SECONDS
    while not (found := list((home / "mine").glob("*/checkpoints/grpo_000001"))):
        assert training.poll() is None, output.read_text()[-6000:]
        assert time.monotonic() < deadline, output.read_text()[-6000:]
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    assert training.wait(60) == 130, output.read_text()[-6000:]
    return Begun(home, RunDirectory(found[0].parents[1]), elsewhere)


def test_it_goes_on_from_anywhere_and_never_with_other_data(begun: Begun) -> None:
    rows, home, run = begun.home / "rows", begun.home, begun.run.path
    left = {file.name: file.read_bytes() for file in (run / "run.json", run / "config.yaml")}

    rows.rename(home / "moved")
    refused = begun.resume()
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"error: the configuration {run}/config.yaml cannot be used: data.directory = '{rows}' (given as rows in {home}): no "
        f"such folder; put it back, or say where it is now: affectree train --resume {run} data.directory=…"
    ]
    assert "Ray" not in refused.stdout

    train = home / "moved" / "train.jsonl"
    as_it_was = train.read_text()
    train.write_text(as_it_was.replace("angry", "cross"))
    refused = begun.resume("data.directory=../" + str((home / "moved").relative_to(begun.elsewhere.parent)))
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    count = len(as_it_was.splitlines())
    assert f"other rows of train ({count} rows before, {count} now: changed: train.jsonl ({count} rows, now {count}))" in line
    assert f"affectree train --fork {run}" in line
    assert "Ray" not in refused.stdout
    train.write_text(as_it_was)
    (home / "moved").rename(rows)

    assert {name: (run / name).read_bytes() for name in left} == left
    assert not list(begun.elsewhere.iterdir())

    shutil.rmtree(home / "code")
    (home / "rank.py").write_text(ESTIMATOR.replace("sum(values) / len(values)", "max(values)"))
    done = begun.resume()
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    said = " ".join(done.stdout.split())
    assert (
        f"rewards.scorers.letters.spec: {home}/code/letters.py is gone; the text that the run keeps is used ({run}/sources/"
        in said
    )
    assert f"grpo.estimator: {home}/rank.py has changed, and is used as it is now; for the former text resume with" in said
    assert "drawing" not in said
    assert (run / "model" / "config.json").is_file()
    assert [line["step"] for line in begun.run.metrics.read() if line["phase"] == "grpo"] == list(range(1, STEPS + 1))
    assert not list(begun.elsewhere.iterdir())
    assert json.loads((run / "sources" / "sources.json").read_text())["grpo.estimator"]["former"]

    asked = affectree(begun.elsewhere, "eval", str(run))
    assert asked.returncode == 0, (asked.stdout + asked.stderr)[-6000:]
    assert not list(begun.elsewhere.iterdir())
    shutil.rmtree(rows)
    missed = affectree(begun.elsewhere, "eval", str(run))
    assert missed.returncode == 2
    assert (
        f"data.directory = '{rows}' (given as rows in {home}): no such folder; put it back, or say where it is now"
        in missed.stderr
    )
    assert not list(begun.elsewhere.iterdir())
