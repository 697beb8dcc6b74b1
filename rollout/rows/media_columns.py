"""What names a video or an image: a path, a list of frames, the file's content, or a part of a video.

"clips/1.mp4"   "file:///data/1.mp4"   "data:image/png;base64,iVBO…"   ["1.jpg", "2.jpg"]
{"path": "1.mp4", "start": 2.5, "end": 4}   {"path": "1.png", "bytes": …}
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from rewards.files import type_name
from rollout.media.medium import Kind, Medium, is_image
from rollout.rows.row import RowError

_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_START = ("start", "video_start")
_END = ("end", "video_end")
_SIZES = ("min_pixels", "max_pixels", "total_pixels", "resized_height", "resized_width")
_RATES = ("fps", "nframes", "min_frames", "max_frames", "sample_fps", "raw_fps")
_MEANT_FOR_OTHERS = frozenset((*_SIZES, *_RATES, "type", "detail", "cache_control", "uuid"))
"""Keys that are not read: what Qwen's preprocessing may be told for one video is a setting of the run here, the same for all."""


def media_of(columns: Mapping[str, Any], kind: Kind, where: str, root: Path) -> list[Medium]:
    """The videos or images of a row's columns: those of `videos`, or of `video` where there is no other.

    Args:
        columns: the row's columns.
        kind: which media.
        where: the file and the row, for errors.
        root: folder that relative paths start from.

    Raises:
        RowError: if one is not named as above, or both columns name some.
    """
    many, one = _listed(columns.get(f"{kind}s")), _listed(columns.get(kind))
    if _is_none(one):
        key, named = f"{kind}s", many
    elif _is_none(many):
        key, named = kind, _one_video_of_frames(one) if kind == "video" else one
    else:
        raise RowError(f"{where}, key `{kind}`: the row has `{kind}s` as well; name its {kind}s in one of the two")
    if _is_none(named):
        return []
    values = named if isinstance(named, list) else [named]
    return [read_medium(value, kind, f"{where}, key `{key}`", root, number) for number, value in enumerate(values, start=1)]


def read_medium(value: Any, kind: Kind, where: str, root: Path, number: int = 1) -> Medium:
    """The video or image that a value names; see the top of this file. Raises `RowError` for anything else.

    Args:
        value: what names it.
        kind: what it is.
        where: the file, the row and the key, for errors, and for the name of a medium that has none.
        root: folder that relative paths start from.
        number: which one of the key's it is, from 1, for its name.
    """
    name = f"{kind} {number} of {where.partition(', key `')[0]}"
    if isinstance(value, Mapping):
        return _of_mapping(value, kind, where, root, name)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Medium(kind, name, content=bytes(value))
    if isinstance(value, (list, tuple)):
        return _of_frames(value, kind, where, root, name)
    if not isinstance(value, str) or not value.strip():
        hint = "; read the file's bytes instead of the picture" if type(value).__module__.startswith("PIL.") else ""
        raise RowError(f"{where}: must hold paths of files, found {str(value)[:80]!r}{hint or '; name the file'}")
    if _is_data_uri(value):
        return Medium(kind, name, content=_of_data_uri(value, where))
    return Medium(kind, str(root / _path(value, where)))


def _of_mapping(value: Mapping[str, Any], kind: Kind, where: str, root: Path, name: str) -> Medium:
    given = {key: found for key, found in value.items() if found is not None and found != ""}
    places = ("path", kind, f"{kind}_url", "url")
    known = {*places, "bytes", *(_START + _END if kind == "video" else ()), *_MEANT_FOR_OTHERS}
    if unknown := [key for key in given if key not in known]:
        takes = "path, bytes, start and end" if kind == "video" else "path and bytes"
        raise RowError(f"{where}: a {kind} has the unknown key {unknown[0]!r}; it takes {takes}")
    named = next((given[place] for place in places if place in given), None)
    if isinstance(named, Mapping) and "url" in named:  # {"type": "image_url", "image_url": {"url": …}}
        named = named["url"]
    content = _content(given.get("bytes"), where)
    if content:
        medium = Medium(kind, str(named) if isinstance(named, str) else name, content=content)
    elif named is None or isinstance(named, Mapping):
        raise RowError(f"{where}: a {kind} has neither `path` nor `bytes`; name the file")
    else:
        medium = read_medium(named, kind, where, root)
    start, end = _second(given, _START, where), _second(given, _END, where)
    if start is not None and end is not None and end <= start:
        raise RowError(f"{where}: the part of the video ends at {end:g} s, before it starts at {start:g} s; correct the seconds")
    return Medium(kind, medium.path, medium.content, medium.frames, start, end)


def _of_frames(value: list[Any] | tuple[Any, ...], kind: Kind, where: str, root: Path, name: str) -> Medium:
    if kind == "image":
        raise RowError(f"{where}: must hold paths of files, found a list; name each image with a tag of its own")
    if not value:
        raise RowError(f"{where}: a list of frames is empty; name its pictures, or remove it")
    return Medium(kind, name, frames=tuple(str(root / _path(_frame(frame, where), where)) for frame in value))


def _frame(value: Any, where: str) -> str:
    """The path of a frame; tables have it as `{path: …, bytes: null}`."""
    path = value.get("path") if isinstance(value, Mapping) and not value.get("bytes") else value
    if not isinstance(path, str) or not path or _is_data_uri(path):
        raise RowError(f"{where}: frames must be paths of pictures, found {str(value)[:80]!r}; write them to files")
    return path


def _path(value: str, where: str) -> str:
    """A path as it is written, or that of a `file://` address."""
    address = _ADDRESS.match(value)
    if address is None:
        return value
    if address[1].lower() == "file":
        return unquote(value[len(address[0]) :].removeprefix("localhost"))
    raise RowError(f"{where}: {value[:200]} is an address, not a path; download it first and name the copy")


def _is_data_uri(value: str) -> bool:
    return value[:5].lower() == "data:"


def _of_data_uri(value: str, where: str) -> bytes:
    head, _, data = value.partition(",")
    if not data:
        raise RowError(f"{where}: {value[:24]!r}… is a data URI without data; mend it")
    return _base64(data, where) if head.lower().endswith(";base64") else unquote_to_bytes(data)


def _content(value: Any, where: str) -> bytes:
    """The bytes of a file: as a table has them, or in base64, as JSON has them."""
    if value is None or isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value or b"")
    if not isinstance(value, str):
        raise RowError(f"{where}: `bytes` must be a file's content in base64, found {type_name(value)}; name the file")
    return _of_data_uri(value, where) if _is_data_uri(value) else _base64(value, where)


def _base64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RowError(f"{where}: a file's content is not base64 ({error}); write it again, or name the file") from error


def _second(given: Mapping[str, Any], keys: tuple[str, str], where: str) -> float | None:
    key = next((key for key in keys if key in given), None)
    if key is None:
        return None
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise RowError(f"{where}: `{key}` must be a number of seconds, 0 or more, found {str(value)[:40]!r}; correct it")
    return float(value)


def _listed(value: Any) -> Any:
    """A column's value; the list in a text such as `["1.mp4"]`, which is what tables make of lists, or the mapping in one."""
    if isinstance(value, str) and value.strip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return list(value) if isinstance(value, tuple) else value


def _one_video_of_frames(value: Any) -> Any:
    """Several pictures under `video` are the frames of one, as Qwen's preprocessing takes them."""
    pictures = isinstance(value, list) and all(isinstance(one, str) and is_image(Path(one)) for one in value)
    return [value] if pictures else value


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list)) and not value)
