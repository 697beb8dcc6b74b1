"""Caches, the temporary folder, shared memory and leftovers."""

from __future__ import annotations

from pathlib import Path

from actors.folders import RAY_SOCKET, short_link
from rl.config.schema import Config
from rl.doctor import places
from tests.unit.rl.doctor.common import GIB, NOWHERE


def test_a_closed_home_is_told_and_so_is_a_closed_variable_of_the_users(tmp_path: Path) -> None:
    assert places.caches({"HOME": str(tmp_path)}, {}).verdict == "ok"
    given = {"XDG_CACHE_HOME": f"{tmp_path}/xdg_cache_home"}
    found = places.caches({"HOME": NOWHERE, **given}, given)
    assert found.verdict == "warning"
    assert NOWHERE in found.found
    assert str(tmp_path) in found.found
    assert places.caches({"HOME": NOWHERE}, {}).verdict == "fault"
    closed = places.caches({"HOME": str(tmp_path), "VLLM_CACHE_ROOT": NOWHERE}, {})
    assert closed.verdict == "fault"
    assert f"VLLM_CACHE_ROOT = {NOWHERE}" in closed.found
    assert places.caches({"HOME": "/stand/in"}, {"HOME": "/stand/in"}).verdict == "warning"


def test_temporary_folders_have_to_be_writable_and_to_hold_sockets(tmp_path: Path) -> None:
    assert places.temporary({}, {}).verdict == "ok"
    assert places.temporary({"TMPDIR": NOWHERE}, {}).verdict == "fault"
    long = tmp_path / ("x" * 80)
    found = places.temporary({"TMPDIR": str(long)}, {})
    assert found.verdict == "fault"
    assert f"{len(str(long)) + len(RAY_SOCKET)} bytes" in found.found
    long.mkdir()
    link = str(short_link(long))
    assert places.temporary({"TMPDIR": link}, {"TMPDIR": link}).verdict == "ok"
    assert places.temporary({"TMPDIR": str(long), "RAY_TMPDIR": "/tmp"}, {}).verdict == "ok"


def test_little_shared_memory_is_told_with_what_is_needed(config: Config) -> None:
    assert places.shared_memory(2 * GIB, config).verdict == "ok"
    found = places.shared_memory(64 * 2**20, config)
    assert found.verdict == "warning"
    assert "64 MiB free" in found.found
    assert "--shm-size=1.0g" in found.advice
    config.cluster.object_store_gib = 10.0  # more than Ray puts on disk
    assert places.shared_memory(64 * 2**20, config).verdict == "fault"
    config.cluster.address = "10.0.0.1:6379"
    assert places.shared_memory(64 * 2**20, config).verdict == "ok"
    config.rollout.gpus, config.rollout.tensor_parallel = 1.0, 2
    assert places.shared_memory(64 * 2**20, config).verdict == "warning"


def test_what_was_left_half_done_is_found_and_what_is_going_on_is_not(config: Config, tmp_path: Path) -> None:
    assert places.leftovers(config).verdict == "ok"
    gone = next(number for number in range(2**22, 0, -1) if not Path("/proc", str(number)).exists())
    for name in (f".data.{gone}.partial", ".data.1.partial", f".other.{gone}.partial", ".data.txt.partial", "data"):
        (tmp_path / name).mkdir()
    for run, files in {"whole": ["config.yaml"], "torn": [], "mlflow_artifacts": None}.items():
        (tmp_path / "runs" / run / "checkpoints" if files is not None else tmp_path / "runs" / run).mkdir(parents=True)
        for file in files or ():
            (tmp_path / "runs" / run / file).touch()
    found = places.leftovers(config)
    assert found.verdict == "warning"
    assert f".data.{gone}.partial" in found.found
    assert str(tmp_path / "runs" / "torn") in found.found
    for other in (".data.1.", ".other", "txt", "whole", "mlflow"):
        assert other not in found.found
