"""A model of the hub is asked for before anything starts: by the hub's own client, of a server that answers as the hub does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rl.config.model_check import HUB_SECONDS
from tests.golden.telling import HOME

ASKING = """
import sys, time
from rewards.errors import UserError
from rl.config.schema import ModelConfig
from rl.config.model_check import check_model
for name in sys.argv[1:]:
    try:
        check_model(ModelConfig(path=name))
        print("there")
    except UserError as error:
        print(error)
assert not {"torch", "transformers"} & set(sys.modules)
"""


class Hub(BaseHTTPRequestHandler):
    """A hub that knows three models, and answers too late about a fourth."""

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/org/slow"):
            time.sleep(HUB_SECONDS + 2)
            return  # whoever asked has gone
        family = {"qwen": "qwen3_vl", "llama": "llama"}.get(self.path.partition("?")[0].rpartition("/")[2])
        body = json.dumps({"id": "org/x", "config": {"model_type": family}} if family else {}).encode()
        self.send_response(200 if family else 404)
        if not family:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(address: str, cache: Path, *names: str, **variables: str) -> list[str]:
    """What is said of each model."""
    here = {"HF_ENDPOINT": address, "HF_HUB_CACHE": str(cache), "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(HOME)}
    words = [sys.executable, "-c", ASKING, *names]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, env={**os.environ, **here, **variables})
    return done.stdout.splitlines()


def test_a_model_is_asked_for_by_its_name(address: str, tmp_path: Path) -> None:
    cached = tmp_path / "models--org--cached" / "snapshots" / "1"
    cached.mkdir(parents=True)
    (cached / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    (tmp_path / "models--org--cached" / "refs").mkdir()
    (tmp_path / "models--org--cached" / "refs" / "main").write_text("1")
    names = ("org/qwen", "org/llama", "org/none", "org/cached", "no--name")
    assert ask(address, tmp_path, *names) == [
        "there",
        "model.path = 'org/llama': on the hub: model type 'llama' is not supported; use qwen2_5_vl or qwen3_vl",
        "model.path = 'org/none': neither a folder here nor on the hub; check the name, or log in with `hf auth login` if it is "
        "private",
        "there",
        "model.path = 'no--name': neither a folder here nor a name that the hub allows; check the path",
    ]


def test_a_hub_that_is_not_reached_is_told_soon(address: str, tmp_path: Path) -> None:
    do = "; check the path, or download it and name the folder"
    nowhere = "model.path = 'org/qwen': neither a folder nor to be had from the hub "
    assert ask(address, tmp_path, "org/qwen", HF_HUB_OFFLINE="1") == [f"{nowhere}(HF_HUB_OFFLINE is set){do}"]
    assert ask("http://127.0.0.1:9", tmp_path, "org/qwen") == [f"{nowhere}([Errno 111] Connection refused){do}"]
    (line,) = ask(address, tmp_path, "org/slow")
    assert line.startswith("model.path = 'org/slow': neither a folder nor to be had from the hub (")
