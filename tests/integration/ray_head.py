"""A Ray head of a test's own, beside whatever other clusters run on the machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
RAY = (str(BIN / "ray"),)
START_SECONDS = 90
_PORTS = (
    *("port", "dashboard-port", "ray-client-server-port", "dashboard-agent-listen-port"),
    *("dashboard-agent-grpc-port", "metrics-export-port", "runtime-env-agent-port"),
)


@dataclass(frozen=True)
class Head:
    """A running head."""

    address: str
    dashboard: str
    process: subprocess.Popen[bytes]


def environment(state: Path | None = None) -> dict[str, str]:
    """Variables under which no cluster is named, and Ray keeps its records in `state`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("RAY_ADDRESS", "RAY_TMPDIR")}
    return {**kept, "PATH": f"{BIN}:{os.environ['PATH']}", **({"RAY_TMPDIR": str(state)} if state else {})}


@contextlib.contextmanager
def ray_state() -> Iterator[Path]:
    """An empty folder for Ray's records and sockets, with a short name, since sockets' names may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def ray_head(log: Path, env: dict[str, str], command: Sequence[str] = RAY) -> Iterator[Head]:
    """Start a head by `ray start`, wait until it answers, and end it."""
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    words = [
        *(*command, "start", "--head", "--block", "--num-cpus=4", "--dashboard-host=127.0.0.1"),
        *("--object-store-memory=500000000", "--disable-usage-stats", "--node-ip-address=127.0.0.1"),
        *(f"--{name}={port}" for name, port in ports.items()),
    ]
    with log.open("w") as output:
        process = subprocess.Popen(words, env=env, stdout=output, stderr=output, start_new_session=True)
        try:
            head = Head(f"127.0.0.1:{ports['port']}", f"http://127.0.0.1:{ports['dashboard-port']}", process)
            _wait_for(head, log)
            yield head
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]


def _wait_for(head: Head, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Ray runtime started" not in log.read_text():  # it answers earlier, when its record is not written yet
        assert head.process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, f"no Ray head at {head.address}: {log.read_text()[-3000:]}"
        time.sleep(0.5)
