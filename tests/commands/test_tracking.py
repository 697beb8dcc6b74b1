"""`affectree track sync` with real MLflow servers: whatever was deleted or is down, all of a run is there afterwards, once."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient

from rl.commands.track import sync
from tests.unit.rl.record.tracking.recorded import assert_whole, held, recorded_run, synced

START_SECONDS = 180


@contextmanager
def mlflow_server(folder: Path, port: int) -> Iterator[str]:
    """A tracking server with a database of its own; its address."""
    folder.mkdir(exist_ok=True)
    words = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    command = [sys.executable, "-m", "mlflow", "server", *words, "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    session = requests.Session()
    session.trust_env = False  # no proxy
    try:
        return session.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_run_moves_between_servers_and_outlives_what_is_deleted_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    port = free_port()
    words = f"tracking.uri=http://127.0.0.1:{port}"
    run = recorded_run(tmp_path / "runs")
    in_database = synced(run)
    assert_whole(run, in_database)

    with pytest.raises(SystemExit):  # the server is not up yet: nothing is begun elsewhere in its place
        sync(run.path, [words])
    assert held(run) == in_database
    assert "the same command sends what is missing" in capsys.readouterr().out.replace("\n", " ")

    with mlflow_server(tmp_path / "server", port) as address:
        client = MlflowClient(tracking_uri=address)
        first = synced(run, words)
        assert_whole(run, first)
        assert first.tags["affectree.continues"].endswith(in_database.run_id)

        client.delete_run(first.run_id)
        second = synced(run, words)
        assert_whole(run, second)
        assert second.tags["affectree.continues"] == f"{address} {first.run_id}"

        experiment = client.get_run(second.run_id).info.experiment_id
        client.delete_experiment(experiment)
        third = synced(run, words)
        assert_whole(run, third)
        assert third.experiment == "affectree (2)"

        client.restore_experiment(experiment)  # which restores the deleted run in it as well
        assert synced(run, words).run_id == first.run_id
        assert_whole(run, held(run))

    assert synced(run) == in_database
