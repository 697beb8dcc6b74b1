"""Machines that are not like the one that affectree was written on, by whole runs and real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rl.config.load import load_config
from rl.config.schema import Config
from rl.doctor.diagnosis import diagnose
from rl.doctor.services import cluster
from rl.record.runs.directory import RunDirectory
from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN, environment, ray_head, ray_state

pytestmark = pytest.mark.timeout(600)
FEWEST = ("grpo.steps=1", "evaluation.every=0", "evaluation.reasoning=null", "cluster.address=local")
"""Settings over the small ones, for a run that does as little as possible."""
NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""
DEAD = "http://127.0.0.1:9"
"""A proxy that is not there."""
COMPILERS = ("gcc", "g++", "cc", "c++", "clang", "clang++", "nvidia-smi")


def namespace(*flags: str, trial: Sequence[str] = ("true",)) -> list[str]:
    """The words before a command that give it namespaces of its own; skips the test where the machine permits none."""
    words = ["unshare", *flags]
    if shutil.which("unshare") is None or subprocess.run([*words, *trial], capture_output=True, check=False).returncode:
        pytest.skip(f"this machine permits no {' '.join((*words, *trial))}")
    return words


def with_mounts(*mounts: str) -> list[str]:
    """The words before a command that mount small file systems for it alone: `PLACE=SIZE[,OPTION]`."""
    made = "; ".join(f'mount -t tmpfs -o size={mount.split("=")[1]} tmpfs "{mount.split("=")[0]}"' for mount in mounts)
    apart = namespace("--user", "--map-root-user", "--mount", trial=("mount", "-t", "tmpfs", "tmpfs", "/dev/shm"))
    return [*apart, "bash", "-c", f'set -e; {made}; exec "$@"', "mounted"]


def train(
    settings: Sequence[str], before: Sequence[str] = (), cwd: Path | None = None, **variables: str | None
) -> subprocess.CompletedProcess[str]:
    """`affectree train` of the quickstart, with variables changed, or taken away by None."""
    merged = {**environment(), **variables}
    return subprocess.run(
        [*before, str(BIN / "affectree"), "train", str(QUICKSTART), *settings],
        env={name: value for name, value in merged.items() if value is not None},
        cwd=cwd or QUICKSTART.parent.parent,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def assert_whole(done: subprocess.CompletedProcess[str], runs: Path) -> None:
    """The run came to its end, with MLflow."""
    assert done.returncode == 0, said(done)
    (directory,) = (place for place in runs.iterdir() if (place / "config.yaml").is_file())
    assert (directory / "model" / "model.safetensors").is_file()
    assert "mlflow_run_id" in RunDirectory(directory).state(), said(done)
    assert "MLflow at" not in done.stdout


def test_a_run_by_a_nameless_user_without_home_and_compiler_behind_a_dead_proxy(faces: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in reversed(os.environ["PATH"].split(":")):
        for tool in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if not any(name in tool.name for name in COMPILERS):
                (tools / tool.name).unlink(missing_ok=True)
                (tools / tool.name).symlink_to(tool)
    done = train(
        [*small_settings(faces, tmp_path / "runs", *FEWEST)],
        before=namespace("--user", "--map-user=12345"),
        PATH=str(tools),
        HTTP_PROXY=DEAD,
        HTTPS_PROXY=DEAD,
        **dict.fromkeys(("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "CXX", "CC")),
    )
    assert_whole(done, tmp_path / "runs")
    assert "this user has no home folder" in done.stdout


def test_a_run_with_a_closed_home_long_odd_paths_little_shared_memory_and_few_open_files(tmp_path: Path) -> None:
    odd = tmp_path / f"we're (ü)  {'日本' * 12}, {'x' * 60}"
    elsewhere = odd / "elsewhere"
    elsewhere.mkdir(parents=True)
    (odd / "tmp").mkdir()
    done = train(
        [*small_settings(odd / "data", odd / "runs", *FEWEST, "data.faces.clips=16", "name=läuf 1")],
        before=[*with_mounts("/dev/shm=64m"), "bash", "-c", 'ulimit -n 256; exec "$@"', "limited"],
        cwd=elsewhere,
        TMPDIR=str(odd / "tmp"),
        HOME=NOWHERE,
    )
    assert_whole(done, odd / "runs")
    assert f"the home folder {NOWHERE} cannot be written to" in done.stdout
    assert "64 MiB free in /dev/shm" in done.stdout
    assert list((odd / "tmp" / "ray").glob("session_*")), "the user's temporary folder was to be used"


def test_a_home_that_is_full_counts_as_closed(tmp_path: Path) -> None:
    code = f"""
from actors.environment import cache_variables
print(cache_variables({{"HOME": {str(tmp_path)!r}}}))
try:
    with open({str(tmp_path / "much")!r}, "wb", buffering=0) as file:
        while True: file.write(bytes(4096))
except OSError: pass
print(sorted(cache_variables({{"HOME": {str(tmp_path)!r}}})))
"""
    before = with_mounts(f"{tmp_path}=1m")
    done = subprocess.run([*before, sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    empty, full = done.stdout.splitlines()
    assert empty == "{}", said(done)
    assert "XDG_CACHE_HOME" in full


def test_where_nothing_may_be_executed_in_the_temporary_folder_nothing_is_compiled(tmp_path: Path) -> None:
    code = "from actors.environment import worker_environment as w; print(w(True).get('TORCH_COMPILE_DISABLE'))"
    before = with_mounts(f"{tmp_path}=16m,noexec")
    env = environment() | {"TMPDIR": str(tmp_path)}
    done = subprocess.run([*before, sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1", said(done)


def test_a_disk_that_is_too_full_is_refused_before_anything_starts(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    done = train([*small_settings(faces, tmp_path / "runs", *FEWEST)], before=with_mounts(f"{tmp_path / 'runs'}=16m"))
    assert done.returncode == 2, said(done)
    assert "disk: 16 MiB free" in done.stderr
    assert "Ray" not in done.stdout


@pytest.mark.parametrize(("setting", "name"), [("learner.gpus=1", "gpus: "), ("rollout.cpus=9999", "cluster: ")])
def test_what_a_local_cluster_never_has_is_refused_before_it_starts(faces: Path, tmp_path: Path, setting: str, name: str) -> None:
    done = train([*small_settings(faces, tmp_path / "runs", *FEWEST, setting)], CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 2, said(done)
    assert name in done.stderr
    assert "asked for" in done.stderr
    assert "Ray" not in done.stdout
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def state() -> Iterator[Path]:
    with ray_state() as folder:
        yield folder


def test_a_cluster_that_is_joined_is_asked_what_it_has(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(state))
    with ray_head(tmp_path / "head.log", environment(state)) as head:
        monkeypatch.setenv("RAY_ADDRESS", head.address)
        config = Config()
        found = cluster(config)
        assert found.verdict == "ok", found
        assert head.address.split(":")[1] in found.found
        config.rollout.gpus = 1.0
        found = cluster(config)
        assert found.verdict == "fault"
        assert "0 GPU; 1 GPU are asked for, which will never be free" in found.found
    found = cluster(config)
    assert found.verdict == "fault"
    assert f"no Ray cluster answers at {head.address} (RAY_ADDRESS)" in found.found


def test_a_cluster_of_another_version_is_a_fault(state: Path, tmp_path: Path) -> None:
    other = (sys.executable, "-c", "import ray; ray.__version__ = '1.2.3'; from ray.scripts.scripts import main; main()")
    with ray_head(tmp_path / "head.log", environment(state), other) as head:
        config = Config()
        config.cluster.address = head.address
        found = cluster(config)
    assert found.verdict == "fault"
    assert "cannot be joined" in found.found
    assert "1.2.3" in found.found


def test_the_whole_diagnosis_of_a_small_run_finds_no_fault(faces: Path, tmp_path: Path) -> None:
    config = load_config(QUICKSTART, small_settings(faces, tmp_path / "runs", *FEWEST))
    findings = diagnose(config)
    assert [one for one in findings if one.verdict == "fault"] == []
    by_name = {one.name: one for one in findings}
    assert "24 rows" not in by_name["data, train"].found
    assert "rationale 24" in by_name["data, train"].found
    assert not (tmp_path / "runs").exists()


def test_workers_start_from_an_environment_at_a_path_with_blanks(state: Path, tmp_path: Path) -> None:
    (tmp_path / "bl ank").mkdir()
    (tmp_path / "bl ank" / "venv").symlink_to(sys.prefix)
    code = """
import ray
from actors.environment import prepare_process, worker_environment
prepare_process()
from actors.cluster import connect
connect("local", 0.1, worker_environment(on_cpu=True))
@ray.remote
def answer():
    import os, sys
    return sys.prefix, os.environ.get("TORCH_COMPILE_DISABLE"), "libiomp5.so" in open("/proc/self/maps").read()
print(*ray.get(answer.remote(), timeout=60), sep="|")
"""
    python = tmp_path / "bl ank" / "venv" / "bin" / "python"
    done = subprocess.run(
        [str(python), "-c", code], env=environment(state), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout.strip().endswith(f"{tmp_path / 'bl ank' / 'venv'}|1|True"), said(done)


def test_two_runs_that_draw_the_same_data_at_once_both_get_it(tmp_path: Path) -> None:
    code = """
import sys
from rl.config.schema import Config, FacesConfig
from rl.run.preparation import prepare_data
config = Config()
config.data.directory, config.data.faces, config.grpo.steps = sys.argv[1], FacesConfig(clips=64), 0
input("ready\\n")
print(len(prepare_data(config).train))
"""
    outputs = at_once([sys.executable, "-c", code, str(tmp_path / "faces")])
    assert [output.split()[-1] for output in outputs] == ["2048"] * 2
    assert [place.name for place in tmp_path.iterdir() if place.name.endswith(".partial")] == []


def test_two_runs_that_make_the_tracking_database_at_once_are_both_in_it(tmp_path: Path) -> None:
    code = """
import sys
from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.ending import Ending
from rl.record.tracking.tracker import Tracker
config = Config(runs=sys.argv[1], name=sys.argv[2])
import mlflow
tracker = Tracker(config, RunDirectory.create(config), print)
input("ready\\n")
tracker.start({"a": 1})
tracker.log({"phase": "grpo", "step": 1, "metrics": {"x": 1.0}})
tracker.finish(Ending("FINISHED", 1.0))
print("failures", tracker.failures)
"""
    outputs = at_once([sys.executable, "-c", code, str(tmp_path)], "one", "two", "three")
    assert [output.splitlines()[-1] for output in outputs] == ["failures 0"] * 3, outputs
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    (experiment,) = (one for one in client.search_experiments() if one.name == "affectree")
    names = {run.info.run_name.split("-")[0] for run in client.search_runs([experiment.experiment_id])}
    assert names == {"one", "two", "three"}


def at_once(command: Sequence[str], *last: str) -> list[str]:
    """What processes print that begin their work at the same moment, each with one of the last words."""
    words = [[*command, word] for word in last] or [list(command)] * 2
    started = [
        subprocess.Popen(
            one, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for one in words
    ]
    for process in started:  # it has imported all that it needs
        assert process.stdout is not None
        assert any(line == "ready\n" for line in iter(process.stdout.readline, ""))
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = []
    for process in started:
        outputs.append(process.communicate(timeout=200)[0])
        assert process.returncode == 0, outputs[-1]
    return outputs
