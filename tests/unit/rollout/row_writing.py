"""Files of rows for tests."""

from __future__ import annotations

import json
from pathlib import Path

ASK = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]}


def write(path: Path, *rows: object) -> Path:
    """A file with a line for each row; one that is text already is written as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path
