"""MLflow and the Ray cluster, as far as they can be looked at without starting anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rl.config.schema import Config, JudgeConfig
from rl.doctor import services
from rl.doctor.gpus import asked_gpus
from tests.unit.rl.doctor.common import NOWHERE, server


def test_a_tracking_database_is_tried(config: Config, tmp_path: Path) -> None:
    assert services.tracker(config).verdict == "ok"
    for uri, verdict in {
        f"sqlite:///{tmp_path / 'x.db'}": "ok",
        f"sqlite:///{NOWHERE}/x.db": "warning",
        str(tmp_path): "warning",
        f"file://{tmp_path}": "warning",
        "postgresql://db/mlflow": "ok",
    }.items():
        config.tracking.uri = uri
        assert services.tracker(config).verdict == verdict, uri
    (tmp_path / "bad.db").write_text("this is no database" * 100)
    config.tracking.uri = f"sqlite:///{tmp_path / 'bad.db'}"
    assert "not a database" in services.tracker(config).found
    config.tracking.mlflow = False
    assert services.tracker(config).verdict == "ok"


def test_a_tracking_server_that_does_not_answer_is_a_warning(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config.tracking.uri = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert services.tracker(config).verdict == "ok"  # nobody was asked
    found = services.tracker(config, ask=True)
    assert found.verdict == "warning"
    assert "does not answer (ConnectionError)" in found.found
    assert "affectree track sync" in found.advice


def test_a_tracking_server_is_judged_by_its_answer(config: Config) -> None:
    for status, said in ((200, ""), (404, ""), (503, "answers with status 503")):
        with server({"/health": (status, {})}) as address:
            config.tracking.uri = address.replace("http://", "http://me:secret@")
            found = services.tracker(config, ask=True)
        assert found.verdict == ("warning" if said else "ok")
        assert said in found.found
        assert "secret" not in found.found


def test_the_cluster_that_is_joined_or_started_is_found_out_without_starting_one(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.cluster.address = "local"
    assert services.cluster(config) == services.local_cluster(config, os.cpu_count() or 1)
    monkeypatch.setattr("actors.cluster.ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        config.cluster.address = f"127.0.0.1:{closed.getsockname()[1]}"
    found = services.cluster(config)
    assert found.verdict == "fault"
    assert f"no Ray cluster answers at {config.cluster.address}" in found.found
    assert "cluster.address=local" in found.advice


def test_autoscalers_are_known_by_what_they_leave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not services.may_grow({})
    assert services.may_grow({"RAY_USAGE_STATS_KUBERAY_IN_USE": "1"})
    (tmp_path / "ray_bootstrap_config.yaml").touch()
    assert services.may_grow({})


def test_a_cluster_that_never_has_room_is_a_fault(config: Config) -> None:
    assert services.room(config, {"CPU": 4.0}, "it").verdict == "ok"
    config.learner.ranks = 8
    found = services.room(config, {"CPU": 4.0, "GPU": 1.0}, "it")
    assert found.verdict == "fault"
    assert "4 CPU, 1 GPU; 8.6 CPU are asked for" in found.found
    assert services.room(config, {"CPU": 4.0}, "it", grows=True).verdict == "warning"
    assert services.local_cluster(config, 4).verdict == "fault"
    assert services.local_cluster(config, 16).verdict == "ok"


def test_the_judge_takes_its_share(config: Config) -> None:
    before = services.asked_cpus(config), asked_gpus(config)
    assert before[0] + JudgeConfig().cpus <= 2  # with one of everything
    config.rewards.judge = JudgeConfig(engines=3, gpus=0.5, tensor_parallel=2, cpus=1.0)
    assert services.asked_cpus(config) == before[0] + 3
    assert asked_gpus(config) == before[1] + 3


def test_a_run_starts_a_cluster_where_none_is_named_and_none_listens(config: Config, tmp_path: Path) -> None:
    config.cluster.address = "local"
    assert services.starts_local_cluster(config, {"RAY_ADDRESS": "a:1"})
    config.cluster.address = None
    assert not services.starts_local_cluster(config, {"RAY_ADDRESS": "a:1"})
    (tmp_path / "ray").mkdir()
    record = tmp_path / "ray" / "ray_current_cluster"
    for variable in ("TMPDIR", "RAY_TMPDIR"):
        with socket.create_server(("127.0.0.1", 0)) as server:
            record.write_text(f"127.0.0.1:{server.getsockname()[1]}")
            assert not services.starts_local_cluster(config, {variable: str(tmp_path)})
        assert services.starts_local_cluster(config, {variable: str(tmp_path)})
        record.unlink()
        assert services.starts_local_cluster(config, {variable: str(tmp_path)})
