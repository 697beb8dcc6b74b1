"""Which Ray cluster a run joins."""

from __future__ import annotations

import socket

import pytest

from actors.cluster import _running_cluster


def test_a_cluster_that_listens_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
        found = _running_cluster()  # Ray names the machine by its outer address
        assert found is not None
        assert found.endswith(f":{port}")


def test_the_record_of_a_dead_cluster_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert _running_cluster() is None
