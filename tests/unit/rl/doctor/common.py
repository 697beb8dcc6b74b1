"""What the doctor's tests share."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rl.doctor.finding import Finding

NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""
GIB = 2**30


def verdicts(findings: list[Finding]) -> list[str]:
    return [one.verdict for one in findings]


@contextmanager
def server(answers: Mapping[str, tuple[int, Any]]) -> Iterator[str]:
    """The address of a server that answers each path (without its query) with a status and JSON, and others with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = answers.get(self.path.partition("?")[0], (404, {}))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as opened:
        threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()
