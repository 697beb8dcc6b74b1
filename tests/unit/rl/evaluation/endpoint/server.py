"""A small OpenAI-compatible server that behaves as it is told, answer by answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]
"""What is done about a request with this body."""


class LocalServer:
    """What was asked of the server, and how it behaves."""

    def __init__(self, behave: Behaviour, models: list[dict[str, Any]] | None) -> None:
        self.behave, self.models = behave, models
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.lock = threading.Lock()


@contextmanager
def serving(behave: Behaviour, models: list[dict[str, Any]] | None = None) -> Iterator[LocalServer]:
    """Serve on a free port while the block runs; without `models` there is no list of them."""
    state = LocalServer(behave, models)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.keys.append(self.headers.get("Authorization"))
            send(self, 404 if state.models is None else 200, {"data": state.models})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/tokenize"):
                known = {"<|vision_start|>": [7], "<|video_pad|>": [9]}
                send(self, 200, {"tokens": known.get(body["prompt"], [1, 2])})
                return
            with state.lock:
                state.asked.append(body)
                state.keys.append(self.headers.get("Authorization"))
            with suppress(BrokenPipeError, ConnectionResetError):  # if whoever asked has lost patience
                state.behave(self, body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, content: Any, **headers: str) -> None:
    """Answer with JSON, or with a text as it stands."""
    data = (content if isinstance(content, str) else json.dumps(content)).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def said(text: str) -> dict[str, Any]:
    """The answer of a server that works."""
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {"completion_tokens": 3}}


def question_in(body: dict[str, Any]) -> str:
    """The text of the last message of a request."""
    return "".join(part.get("text", "") for part in body["messages"][-1]["content"])


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Begin an answer and never end it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
