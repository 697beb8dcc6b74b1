"""Rows of EasyR1, and of the data sets that are made for it.

{"problem": "<video>Which emotion is it?", "answer": "happy", "videos": ["1.mp4"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def easyr1(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The problem is asked; `answer` is gold already."""
    columns = {key: value for key, value in row.items() if key != "problem"}
    return {**columns, "messages": [{"role": "user", "content": row.get("problem")}]}
