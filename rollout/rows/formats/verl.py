"""Rows of verl's tables.

{"prompt": [{"role": "user", "content": "<video>Which emotion is it?"}], "videos": [{"video": "1.mp4"}], "data_source": "MAFW",
 "reward_model": {"style": "rule", "ground_truth": "happy"}, "extra_info": {…}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def verl(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The prompt's turns, `reward_model.ground_truth` as the answer and `data_source` as the source. What verl's own reward
    functions want (`data_source`, `reward_model`, `extra_info`) stays."""
    columns = {key: value for key, value in row.items() if key != "prompt"}
    ours: dict[str, Any] = {"messages": row.get("prompt")}
    model = row.get("reward_model")
    if isinstance(model, Mapping) and model.get("ground_truth") is not None:
        ours["answer"] = model["ground_truth"]
    if not row.get("source"):
        ours["source"] = row.get("data_source")
    return {**columns, **ours}


def has_ground_truth(row: Mapping[str, Any]) -> bool:
    """Whether a row has the answer where verl has it."""
    model = row.get("reward_model")
    return isinstance(model, Mapping) and "ground_truth" in model
