"""Which Ray cluster a run joins, with real Ray: none, one that lives, the record of a dead one, one that is named."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.cluster import ClusterError, find_cluster
from actors.cluster_record import recorded_cluster
from tests.integration.conftest import QUICKSTART
from tests.integration.ray_head import BIN, environment, free_ports, ray_head, ray_state

CONNECT = "from actors.cluster import connect; print(connect({address!r}, 0.1, {{}}), flush=True)"
STARTED = "started a local Ray cluster"


@pytest.fixture
def state() -> Iterator[Path]:
    """An empty folder for Ray's records."""
    with ray_state() as folder:
        yield folder


def connect(state: Path, address: str | None = None, **variables: str) -> str:
    """What a driver of its own says when it connects."""
    code = CONNECT.format(address=address)
    env = {**environment(state), **variables}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def test_where_ray_has_never_run_a_cluster_is_started(state: Path) -> None:
    assert STARTED in connect(state)
    assert "no Ray cluster runs on this machine" in connect(state, "auto")


def test_a_cluster_that_lives_is_joined_and_its_record_passed_over_once_it_is_dead(state: Path, tmp_path: Path) -> None:
    with ray_head(tmp_path / "head.log", environment(state)) as head:
        port = head.address.split(":")[1]
        for address in (None, head.address, "auto"):
            said = connect(state, address)
            assert "joined the Ray cluster at " in said
            assert said.endswith(f":{port}\n")
        assert STARTED in connect(state, "local")
        head.process.kill()  # so that the record stays
        head.process.wait()
        subprocess.run(["pkill", "-KILL", "-f", f"gcs_server.*{port}"], check=False)
    assert (state / "ray" / "ray_current_cluster").read_text().endswith(f":{port}")
    assert STARTED in connect(state)


def test_the_cluster_that_another_run_started_for_itself_is_not_joined(state: Path) -> None:
    code = CONNECT.format(address=None) + "; input()"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, env=environment(state), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert STARTED in first.stdout.readline()
        assert STARTED in connect(state)
        first.communicate("\n")


@pytest.mark.parametrize("kind", ["nobody", "mute"])
def test_a_cluster_that_is_named_and_not_there_is_told_in_one_line(state: Path, kind: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, and never says a word
        port = mute.getsockname()[1] if kind == "mute" else free_ports(1)[0]
        address = f"127.0.0.1:{port}"
        words = [str(BIN / "affectree"), "train", str(QUICKSTART), "data.faces.clips=8"]
        named = {"cluster.address": ([f"cluster.address={address}"], {}), "RAY_ADDRESS": ([], {"RAY_ADDRESS": address})}
        for origin, (more, variables) in named.items():
            done = subprocess.run(
                [*words, *more],
                env={**environment(state), **variables},
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 2
            assert done.stderr.count("\n") == 1
            assert f"error: no Ray cluster answers at {address} ({origin})" in done.stderr


def test_a_name_that_is_no_address_is_told() -> None:
    for name in ("nonsense", "no-such-host.invalid:6379"):
        with pytest.raises(ClusterError, match=f"no Ray cluster answers at {name}"):
            find_cluster(name)


def test_another_users_cluster_is_not_joined_unasked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = state / "ray" / "ray_current_cluster"
    record.parent.mkdir()
    record.write_text("127.0.0.1:6379")
    environ = {"RAY_TMPDIR": str(state)}
    assert recorded_cluster(environ) == "127.0.0.1:6379"
    monkeypatch.setattr(os, "getuid", lambda: record.stat().st_uid + 1)
    assert recorded_cluster(environ) is None
