"""Rows in ms-swift's form: `messages`, with `videos` and `images` for the tags in it, or with typed parts that name them.

ms-swift's documentation (Customization/Custom-dataset); typed parts are those of OpenAI, Qwen and TRL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def canonical(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Their columns are those of docs/data.md already."""
    return row
