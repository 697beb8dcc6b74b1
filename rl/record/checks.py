"""What run.json, summary.json and a line of metrics.jsonl must look like to be read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rewards.files import type_name

BY_STAGE = ("stages", "intervals", "rows")
"""The tables of summary.json that have an entry for each stage."""
_STATE: Mapping[str, type] = {
    **dict.fromkeys(("config", "data", "finished", "models", "parent", "place", "software", "written"), dict),
    **dict.fromkeys(("history", "mlflow_runs"), list),
}
_EXAMPLE = ("video", "written", "gold")


def check_summary(summary: Mapping[str, Any]) -> str | None:
    """What is wrong with the contents of a summary.json; None if nothing is."""
    for key in ("stages", "chance", "majority", "seconds"):
        found = summary.get(key, {})
        parts = found.values() if key == "stages" and isinstance(found, dict) else [found]
        if wrong := [part for part in (found, *parts) if not isinstance(part, dict)]:
            return f"`{key}` must hold objects, found {type_name(wrong[0])}"
        if any(not _is_number(value) for part in parts for value in part.values()):
            return f"`{key}` must hold numbers"
    measures = summary.get("measures", [])
    if not isinstance(measures, list) or not all(isinstance(name, str) for name in measures):
        return "`measures` must list names"
    examples = summary.get("examples", [])
    if not isinstance(examples, list) or not all(isinstance(one, dict) and set(one) == set(_EXAMPLE) for one in examples):
        return f"`examples` must list objects with {', '.join(_EXAMPLE)}"
    return None


def check_state(state: Mapping[str, Any]) -> str | None:
    """What is wrong with the contents of a run.json; None if nothing is."""
    for key, kind in _STATE.items():
        found = state.get(key)
        if found is not None and not isinstance(found, kind):
            return f"`{key}` must be {'`key: value` pairs' if kind is dict else 'a list'}, found {type_name(found)}"
    return None


def check_metrics_line(record: Any) -> str | None:
    """What is wrong with a line of metrics.jsonl, as read from JSON; None if nothing is."""
    if not isinstance(record, dict):
        return f"must be an object, found {type_name(record)}"
    metrics = record.get("metrics")
    if not isinstance(metrics, dict) or not all(map(_is_number, metrics.values())):
        return "`metrics` must hold numbers by name"
    if record.get("phase") in ("tune", "grpo") and not isinstance(record.get("step"), int):
        return f"`step` must be a whole number, found {type_name(record.get('step'))}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))
