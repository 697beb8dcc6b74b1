"""What every process of a run is given, on machines that lack something."""

from __future__ import annotations

import http.server
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import environment
from actors.environment import (
    cache_variables,
    preloadable,
    proxy_variables,
    temporary_variables,
    why_not_compiling,
    worker_environment,
)
from actors.folders import holds_sockets

NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""
PREPARED = "from actors.environment import prepare_process; prepare_process(); "


def python(code: str, *before: str, **variables: str) -> str:
    """What a process prints."""
    done = subprocess.run(
        [*before, sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_a_home_that_can_be_written_to_changes_nothing(tmp_path: Path) -> None:
    assert cache_variables({"HOME": str(tmp_path)}) == {}
    assert list(tmp_path.iterdir()) == []


def test_caches_of_a_closed_home_get_a_private_place() -> None:
    found = cache_variables({"HOME": NOWHERE})
    assert set(found) == {"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TRITON_HOME", "FLASHINFER_WORKSPACE_BASE"}
    place = Path(found["XDG_CACHE_HOME"]).parent
    assert place.stat().st_mode & 0o777 == 0o700
    assert place.stat().st_uid == os.getuid()
    assert "TRITON_HOME" not in cache_variables({"HOME": NOWHERE, "TRITON_HOME": "/mine"})


def test_one_closed_folder_in_the_home_is_enough(tmp_path: Path) -> None:
    (tmp_path / ".triton").symlink_to(NOWHERE)
    (tmp_path / ".triton").unlink()
    (tmp_path / ".triton").symlink_to("/proc")
    assert set(cache_variables({"HOME": str(tmp_path)})) == {"TRITON_HOME"}


def test_models_and_token_in_a_closed_home_are_still_read(tmp_path: Path) -> None:
    hub = tmp_path / ".cache" / "huggingface"
    (hub / "hub").mkdir(parents=True)
    (hub / "token").write_text("t")
    for folder in ("datasets", "../vllm"):
        (hub / folder).symlink_to("/proc")
    found = cache_variables({"HOME": str(tmp_path)})
    assert found["HF_HUB_CACHE"] == str(hub / "hub")
    assert found["HF_TOKEN_PATH"] == str(hub / "token")
    assert "HF_HUB_CACHE" not in cache_variables({"HOME": str(tmp_path), "HF_HOME": "/mine"})


def test_libraries_work_in_a_closed_home(faces: Path) -> None:
    code = (
        PREPARED
        + f"""
from pathlib import Path
from rollout.rows.data import open_rows
print(len(open_rows(Path({str(faces / "val.jsonl")!r}))))
"""
    )
    assert python(code, HOME=NOWHERE).endswith("256")


def test_a_long_or_odd_temporary_folder_gets_a_short_plain_name(tmp_path: Path) -> None:
    for name in ("x" * 90, "blank here", "über"):
        (tmp_path / name).mkdir()
        (link,) = temporary_variables({"TMPDIR": str(tmp_path / name)}).values()
        assert holds_sockets(link)
        assert Path(link).resolve() == tmp_path / name
        assert temporary_variables({"RAY_TMPDIR": str(tmp_path / name)}) == {"RAY_TMPDIR": link}
    assert temporary_variables({"TMPDIR": "/tmp"}) == {}
    assert temporary_variables({"TMPDIR": str(tmp_path / "not here")}) == {}


def test_the_temporary_folder_is_used_by_its_short_name(tmp_path: Path) -> None:
    folder = tmp_path / f"blank {'x' * 90}"
    folder.mkdir()
    code = (
        PREPARED
        + """
import tempfile
from multiprocessing.connection import Listener
print(tempfile.mkdtemp())
Listener(family="AF_UNIX")  # fails where its path is longer than 107 bytes
"""
    )
    made = Path(python(code, TMPDIR=str(folder)))
    assert made.resolve().parent == folder
    assert made.parent != folder


@pytest.mark.parametrize("name", ["plain", "bl ank", "co:lon", "d$llar", "über"])
def test_a_library_is_preloaded_from_wherever_it_lies(tmp_path: Path, name: str) -> None:
    libraries = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libm" in line}
    library = tmp_path / name / "libiomp5.so"
    library.parent.mkdir()
    shutil.copy(next(iter(libraries)), library)
    code = "print('libiomp5.so' in open('/proc/self/maps').read())"
    assert python(code, LD_PRELOAD=preloadable(library)) == "True"
    if name in ("bl ank", "co:lon"):
        assert python(code, LD_PRELOAD=str(library)) == "False"


def test_a_proxy_is_passed_by_on_the_way_to_this_machine() -> None:
    assert proxy_variables({}) == {}
    assert proxy_variables({"HTTPS_PROXY": "http://p"}) == {
        "no_proxy": "localhost,127.0.0.1,::1",
        "NO_PROXY": "localhost,127.0.0.1,::1",
    }
    both = proxy_variables({"http_proxy": "http://p", "no_proxy": "a.b, localhost", "NO_PROXY": "c.d"})
    assert both["no_proxy"] == both["NO_PROXY"] == "a.b,localhost,c.d,127.0.0.1,::1"
    assert proxy_variables({"ALL_PROXY": "socks5://p", "NO_PROXY": "*"}) == {}


@pytest.fixture
def server() -> Iterator[str]:
    """A server of this machine."""

    class Greeting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Greeting) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_clients_of_trackers_and_judges_reach_this_machine_behind_a_dead_proxy(server: str) -> None:
    ask = f"""
import httpx, requests
for client in (requests, httpx):
    try: print(client.get({server!r}, timeout=5).text)
    except Exception as error: print(type(error).__name__)
"""
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    none = {"no_proxy": "", "NO_PROXY": ""}
    assert python(PREPARED + ask, **proxies, **none).split() == ["hello", "hello"]
    assert python(ask, **proxies, **none).split() == ["ProxyError", "ConnectError"]


def test_open_files_are_raised_to_what_is_allowed() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = ("bash", "-c", 'ulimit -S -n 100; exec "$@"', "limited")
    code = "import resource, subprocess; subprocess.run(['bash', '-c', 'ulimit -n'])"
    assert python(code, *before) == "100"
    allowed = environment.MOST_OPEN_FILES if hard < 0 else min(hard, environment.MOST_OPEN_FILES)
    assert python(PREPARED + code, *before) == str(allowed)


def test_without_a_compiler_workers_do_not_compile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_not_compiling() == "there is no C++ compiler (g++)"
    assert worker_environment(on_cpu=True)["TORCH_COMPILE_DISABLE"] == "1"
    assert "TORCH_COMPILE_DISABLE" not in worker_environment(on_cpu=False)
    (tmp_path / "my-g++").touch(mode=0o755)
    monkeypatch.setenv("CXX", "my-g++ -O1")
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert why_not_compiling() == f"there is no {tmp_path / 'Python.h'}"
    (tmp_path / "Python.h").touch()
    assert why_not_compiling() is None
    assert "TORCH_COMPILE_DISABLE" not in worker_environment(on_cpu=True)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "a b"))
    assert "command line does not take" in str(why_not_compiling())


def test_what_a_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("LD_PRELOAD", "/mine.so")
    found = worker_environment(on_cpu=True)
    assert found["VLLM_LOGGING_LEVEL"] == "DEBUG"
    if environment.OPENMP.is_file():
        assert found["LD_PRELOAD"] == "/mine.so"


def test_workers_get_what_the_driver_was_given(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    code = PREPARED + "from actors.environment import worker_environment as w; print(*sorted(w(True).items()), sep='\\n')"
    said = python(code, HOME=NOWHERE, HTTP_PROXY="http://p", TMPDIR=str(tmp_path / "a b"))
    assert "('XDG_CACHE_HOME', " in said
    assert "TMPDIR" not in said  # of this node only
    assert "NO_PROXY" not in said  # likewise
