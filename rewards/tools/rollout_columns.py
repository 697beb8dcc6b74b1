"""The columns of a file of rollouts, and those of the data set within them: kept apart, so that neither hides the other."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal
from mimetypes import guess_type
from typing import Any

from rewards.sample import Media, Shown

# fmt: off
SCORED = frozenset({
    "completion", "task", "prompt", "answer", "answers", "tree", "covers", "options", "media", "finish_reason", "completion_ids",
    "reward", "prompt_key", "step", "columns",
})
"""What a sample to score, and its recorded reward, are made of in any file."""
RUN_COLUMNS = frozenset({
    *SCORED, "sample", "source", "row", "row_digest", "prompt_digest", "learned_version", "log_probs", "version", "versions",
    "path", "ends", "parts", "levels", "rest", "errors", "observer_errors", "abstained", "advantage",
})
"""All columns that a run writes. The data set's own are within `columns`, whatever they are called."""
# fmt: on
_TAG = "affectree:"
_READ = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "Decimal": Decimal,
    "bytes": base64.b64decode,
}
"""Name of a type that JSON lacks -> how its text is read."""


def is_of_run(row: Mapping[str, Any]) -> bool:
    """Whether a run wrote a row: only runs write all of `columns`, `prompt_key` and `completion_ids`."""
    return all(row.get(name) is not None for name in ("columns", "prompt_key", "completion_ids"))


def own_names(row: Mapping[str, Any]) -> frozenset[str]:
    """Which columns of a row are not the data set's. In files that no run wrote, all that does not make the sample is, such as
    `path` or `version`."""
    return RUN_COLUMNS if is_of_run(row) else SCORED


def packed_columns(columns: Mapping[str, Any]) -> str:
    """The data set's columns as JSON. Dates, times, decimals and bytes come back as they are, arrays, tuples and sets as lists,
    and objects of other types as text."""
    return json.dumps(_plain(columns))


def unpacked_columns(text: str) -> Any:
    """What `packed_columns` packed. Raises `ValueError` for a text that is not JSON."""
    return json.loads(text, object_hook=_unpacked)


def packed_medium(medium: Shown) -> dict[str, Any]:
    """A video or image as a file of rollouts has it: without its content, where the row holds that; `held` tells."""
    fields = asdict(medium)
    return {**fields, "frames": list(medium.frames), "held": bool(fields.pop("content"))}


def media_of(values: Sequence[Any]) -> Media:
    """The media of a sample: what `packed_medium` made, or paths alone.

    Raises:
        ValueError: if one is neither.
    """
    return tuple(map(_medium, values))


def _medium(value: Any) -> Shown:
    if isinstance(value, str):
        kind = guess_type(value)[0] or ""
        return Shown("image" if kind.startswith("image/") else "video", value)
    if not (isinstance(value, Mapping) and isinstance(value.get("path"), str) and value.get("kind") in ("video", "image")):
        raise ValueError(f"must name files, or objects with `path` and `kind` (video or image); found {value!r:.80}")
    return Shown(
        value["kind"], value["path"], frames=tuple(value.get("frames") or ()), start=value.get("start"), end=value.get("end")
    )


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return {f"{_TAG}bytes": base64.b64encode(value).decode()}
    for kind in (datetime, date, time):  # a datetime is a date
        if isinstance(value, kind):
            return {f"{_TAG}{kind.__name__}": value.isoformat()}
    if isinstance(value, Decimal):
        return {f"{_TAG}Decimal": str(value)}
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def _unpacked(found: dict[str, Any]) -> Any:
    if len(found) == 1 and (name := next(iter(found))).startswith(_TAG) and (read := _READ.get(name.removeprefix(_TAG))):
        return read(found[name])
    return found
