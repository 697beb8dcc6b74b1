"""Rows of TRL: a prompt and, for tuning, its completion; as turns or as plain text.

{"prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Which emotion is it?"}]}],
 "completion": [{"role": "assistant", "content": "happy"}], "images": ["1.png"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def trl(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The prompt's turns and the completion's; a plain text is one turn. A gold answer may stand in `answer`."""
    columns = {key: value for key, value in row.items() if key not in ("prompt", "completion")}
    prompt, completion = _turns("user", row.get("prompt")), _turns("assistant", row.get("completion"))
    together = [*prompt, *completion] if isinstance(prompt, list) and isinstance(completion, list) else prompt
    return {**columns, "messages": together}


def _turns(role: str, value: Any) -> Any:
    """Turns as they are, a text as one turn, nothing as none; a text may also be the JSON of turns."""
    if isinstance(value, str) and not value.lstrip().startswith("[{"):
        return [{"role": role, "content": value}] if value else []
    return [] if value is None else value
