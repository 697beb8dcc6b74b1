"""What reaches the workers of a cluster that was started without a run's variables, and what is left behind of their values."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import QUICKSTART
from tests.integration.ray_head import BIN, Head, environment, ray_head, ray_state
from tests.integration.test_run import NOT_YET

pytestmark = pytest.mark.timeout(600)
HOME = QUICKSTART.parent.parent
SENT = {"CASE_SCORER_KEY": "declared by a scorer", "CASE_LISTED_TOKEN": "named in cluster.env", "HF_TOKEN": "sent unasked"}
"""Variables whose values are secret here, and why workers have them."""
JOBS = {"TQDM_DISABLE": "0", "VLLM_LOGGING_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore"}
"""Variables that the job sets too, among those that a run sets for its workers."""
KEYED = """
import hashlib, os
from rewards.sample import scorer

KEY = os.environ["CASE_SCORER_KEY"]  # at import

{declared}
def score(sample):
    found = [KEY, *(os.environ[name] for name in ("CASE_LISTED_TOKEN", "HF_TOKEN"))]
    digest = hashlib.sha256("".join(found).encode()).hexdigest()
    print("a scorer that says what it was given:", digest, os.environ["VLLM_LOGGING_LEVEL"], os.environ["TQDM_DISABLE"])
    return float(digest == {digest!r})
"""
ACTORS = """
import json, os
import ray
from actors.cluster import connect
from actors.forwarding import start_actor

class Inner:
    def found(self):
        return [os.environ.get(name) for name in ("CASE_LISTED_TOKEN", "HF_TOKEN", "CASE_SCORER_KEY", "HF_HOME", "HF_HUB_CACHE")]

class Outer(Inner):
    def __init__(self):
        self.inner = start_actor(Inner, num_cpus=0)

    async def both(self):
        return [self.found(), await self.inner.found.remote()]

connect(ADDRESS, 0.1, {}, ["CASE_LISTED_*"])
print(json.dumps(ray.get(start_actor(Outer, num_cpus=0).both.remote())))
"""
NODES_OWN = "/of/this/node"
"""HF_HOME where the head is started."""
STEP = (
    *("curriculum.stages={}", "grpo.steps=1", "grpo.prompts=2", "grpo.group=2", "grpo.max_tokens=8", "grpo.mix={rationale: 1}"),
    *("grpo.resample=0", "grpo.kl=0", "grpo.credit=sequence", "evaluation.every=0", "evaluation.rows={rationale: 1}"),
    *("evaluation.max_tokens={'*': 8}", "evaluation.reasoning=null"),
)
"""The quickstart in one step."""


@dataclass(frozen=True)
class Case:
    """A head, the values of this test, and a marker that Ray is free to log."""

    head: Head
    state: Path
    place: Path
    values: dict[str, str]
    marker: str

    def submit(self, *settings: str) -> str:
        """Submit a run as a job whose shell reads the values from a file, and follow it; gives all that was printed."""
        given = json.dumps({"env_vars": {**JOBS, "CASE_MARKER": self.marker}})
        train = (str(BIN / "affectree"), "train", str(QUICKSTART), *STEP, *settings)
        script = self.place / "train.sh"
        script.write_text(f"set -a\n. {self.place}/values.env\nset +a\nexec {' '.join(map(quoted, train))}\n")
        job = ("--runtime-env-json", given, "--working-dir", str(self.place / "work"), "--", "sh", str(script))
        deadline = time.monotonic() + 60
        while True:
            log = self.ray("job", "submit", f"--address={self.head.dashboard}", *job)
            if time.monotonic() > deadline or not any(words in log for words in NOT_YET):
                return log
            time.sleep(3)

    def ray(self, *words: str) -> str:
        """What a command of Ray's prints."""
        kept = environment(self.state)
        done = subprocess.run([str(BIN / "ray"), *words], env=kept, capture_output=True, text=True, timeout=500, check=False)
        return done.stdout + done.stderr


def quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    place = tmp_path_factory.mktemp("case")
    (place / "work").mkdir()
    values = {name: secrets.token_hex(16) for name in SENT}
    (place / "values.env").touch(mode=0o600)
    (place / "values.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    assert not os.environ.keys() & {"CASE_SCORER_KEY", "CASE_LISTED_TOKEN"}
    with ray_state() as state:
        without = {name: value for name, value in environment(state).items() if name not in {*SENT, *JOBS, "HF_HUB_CACHE"}}
        with ray_head(place / "head.log", {**without, "HF_HOME": NODES_OWN}) as head:
            yield Case(head, state, place, values, secrets.token_hex(16))


def keyed(case: Case, name: str, declared: str = "") -> str:
    """A scorer's spec; it gives 1 where all three values are there."""
    import hashlib

    digest = hashlib.sha256("".join(case.values[one] for one in SENT).encode()).hexdigest()
    file = case.place / "work" / f"{name}.py"
    file.write_text(KEYED.replace("{declared}", declared).replace("{digest!r}", repr(digest)))
    return f"{file}:score"


def contents(files: Iterable[Path]) -> dict[str, str]:
    """What is in files, by their paths."""
    return {str(file): file.read_bytes().decode("latin-1") for file in files}


def holding(value: str, searched: Mapping[str, str]) -> list[str]:
    """The places where a value stands."""
    return [where for where, text in searched.items() if value in text]


@dataclass(frozen=True)
class Finished:
    """A run that has all its values."""

    path: Path
    log: str


@pytest.fixture(scope="module")
def finished(case: Case, faces: Path) -> Finished:
    spec = keyed(case, "declares", '@scorer(env=("CASE_SCORER_KEY",))')
    more = ("cluster.env=[CASE_LISTED_*]", f"rewards.scorers={{keyed: {{spec: '{spec}'}}}}")
    log = case.submit(f"runs={case.place / 'runs'}", f"data.directory={faces}", *more)
    assert "succeeded" in log.lower(), log[-4000:]
    (config,) = (case.place / "runs").glob("*/config.yaml")
    return Finished(config.parent, log)


def test_a_scorer_has_what_it_declares_and_what_is_listed(finished: Finished) -> None:
    rows = pq.read_table(finished.path / "rollouts" / "step_1.parquet").to_pylist()
    assert {row["reward"] for row in rows} == {1.0}


def test_what_the_job_sets_wins(finished: Finished) -> None:
    said = (finished.path / "logs" / "reward_worker_0.log").read_text()
    assert f" {JOBS['VLLM_LOGGING_LEVEL']} {JOBS['TQDM_DISABLE']}\n" in said


def test_every_actor_says_by_name_what_it_was_given(finished: Finished, case: Case) -> None:
    del finished
    given = {}
    for file in case.state.glob("ray/session_*/logs/worker-*.out"):
        names = [line for line in file.read_text().splitlines() if line.startswith("variables from the driver: ")]
        logs = [Path(line).stem for line in file.read_text().splitlines() if line.startswith("what this process prints goes to ")]
        given.update({log: set(names[0].partition(": ")[2].split(", ")) for log in logs})
    assert {"engine_0", "learner_0", "reward_worker_0"} <= given.keys()
    assert all({"CASE_LISTED_TOKEN", "HF_TOKEN"} <= names for names in given.values())
    assert [log for log, names in given.items() if "CASE_SCORER_KEY" in names] == ["reward_worker_0"]


def test_no_value_is_left_anywhere(finished: Finished, case: Case) -> None:
    listed = [
        case.ray("list", what, "--detail", f"--address={case.head.dashboard}") for what in ("jobs", "actors", "runtime-envs")
    ]
    assert "RolloutEngine" in listed[1]
    session = next(case.state.glob("ray/session_2*"))
    files = [file for folder in (session, case.place / "runs") for file in folder.rglob("*") if file.is_file()]
    assert case.place / "runs" / "mlflow.db" in files
    searched = {"the job's log": finished.log, "what Ray lists": "".join(listed), **contents(files)}
    assert holding(case.marker, searched), "Ray keeps what a runtime_env says"
    for name, value in case.values.items():
        assert holding(value, searched) == [], name


def test_actors_and_those_that_they_start_have_the_drivers_values_but_for_what_a_node_says(case: Case) -> None:
    script = case.place / "forward.py"
    script.write_text(ACTORS.replace("ADDRESS", repr(case.head.address)))
    given = {**environment(case.state), **case.values, "HF_HOME": str(case.place), "HF_HUB_CACHE": str(case.place)}
    words = [str(BIN / "python"), str(script)]
    done = subprocess.run(words, env=given, cwd=HOME, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    expected = [case.values["CASE_LISTED_TOKEN"], case.values["HF_TOKEN"], None, NODES_OWN, str(case.place)]
    assert json.loads(done.stdout.splitlines()[-1]) == [expected, expected]


def test_a_key_that_is_not_sent_is_told_before_engines_start(case: Case, faces: Path) -> None:
    spec = keyed(case, "undeclared")
    more = ("cluster.env=[CASE_LISTED_TOKEN]", f"rewards.scorers={{keyed: {{spec: '{spec}'}}}}")
    log = case.submit(f"runs={case.place / 'others'}", f"data.directory={faces}", *more)
    (line,) = {line for line in log.splitlines() if line.startswith("error: ")}
    assert line.startswith(f"error: scorer 'keyed': file {spec.removesuffix(':score')} cannot be imported: KeyError in line 5: ")
    assert "the variable CASE_SCORER_KEY is not set" in line
    assert "(on node " in line
    assert "ranks are ready" not in log
    kept = contents(file for file in (case.place / "others").rglob("*") if file.is_file())
    assert any(file.endswith("driver.log") for file in kept)
    for name, value in case.values.items():
        assert holding(value, {"the job's log": log, **kept}) == [], name


def test_a_name_that_is_not_set_is_told_at_once(case: Case, faces: Path) -> None:
    log = case.submit(f"runs={case.place / 'others'}", f"data.directory={faces}", "cluster.env=[CASE_LISTED]")
    assert "cluster.env = ['CASE_LISTED']: is not set here; set it where affectree is started" in log
    assert "run directory" not in log
