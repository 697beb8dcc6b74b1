"""Hugging Face's class labels: numbers in the file, whose names stand in its schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_NONE = -1
"""What `datasets` writes for a label that is not known."""
Read = Callable[[Any], Any]
"""A value as the file has it -> with the names of its classes."""


def named_classes(schema: pa.Schema) -> dict[str, Read]:
    """Column -> how it gets its names, for columns that hold class labels; a label without one raises `ValueError`.

    Raises:
        ValueError: if the schema's own description of its columns is not JSON.
    """
    described = (schema.metadata or {}).get(b"huggingface")
    features = (json.loads(described).get("info") or {}).get("features") or {} if described else {}
    found = {column: _reader(feature) for column, feature in features.items()}
    return {column: read for column, read in found.items() if read is not None}


def _reader(feature: Any) -> Read | None:
    """How values of a feature get their names; None where they have none."""
    if isinstance(feature, list):  # an older way to write a list
        return _in_list(_reader(feature[0])) if feature else None
    if not isinstance(feature, Mapping):
        return None
    kind = feature.get("_type")
    if kind == "ClassLabel":
        return _name_of(feature.get("names") or [])
    if kind in ("List", "LargeList", "Sequence"):
        return _in_list(_reader(feature.get("feature")))
    if kind is None:
        return _in_struct({key: read for key, one in feature.items() if (read := _reader(one)) is not None})
    return None


def _name_of(names: list[str]) -> Read:
    def read(value: Any) -> str | None:
        if value is None or value == _NONE:
            return None
        if not isinstance(value, int) or not 0 <= value < len(names):
            raise ValueError(f"class {value!r} has no name among {len(names)}")
        return names[value]

    return read


def _in_list(read: Read | None) -> Read | None:
    if read is None:
        return None
    # a sequence of structs is written as a struct of lists
    return lambda value: [read(one) for one in value] if isinstance(value, list) else read(value) if value is not None else None


def _in_struct(reads: Mapping[str, Read]) -> Read | None:
    if not reads:
        return None

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: _each(reads[key], one) if key in reads else one for key, one in value.items()}

    return read


def _each(read: Read, value: Any) -> Any:
    return [read(one) for one in value] if isinstance(value, list) else read(value)
