"""Where the rows are in a file of JSON: one object a line, or a list of objects. Nothing is kept of them but their places."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = " \t\r\n"
_WINDOW = 2**24
"""Bytes of a list that are looked at in one piece."""
_CUT_OFF = 32
"""An error so near to the end of a piece may come from its having been cut there."""


def spans_of(path: Path) -> np.ndarray:
    """First byte and end of each row, int64 (N, 2). What is between them is not checked: a row that is no JSON has a span too.

    In a list, what follows such a row cannot be told apart, and is one span with it.
    """
    found = array("q")
    for span in each_span(path):
        found.extend(span)
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def each_span(path: Path) -> Iterator[tuple[int, int]]:
    """First byte and end of each row, one after the other."""
    with path.open("rb") as file:
        start = len(_BYTE_ORDER_MARK) if file.read(3) == _BYTE_ORDER_MARK else 0
        file.seek(start)
        listed = _first_character(file) == b"["
        file.seek(start)
        yield from _in_list(file, start) if listed else _in_lines(file, start)


def line_of(path: Path, place: int) -> int | None:
    """Number of the line that a byte is in, from 1; None in a list, which may have all of its rows in one line."""
    lines = 1
    with path.open("rb") as file:
        if _first_character(file) == b"[":
            return None
        file.seek(0)
        while place > 0 and (block := file.read(min(place, _WINDOW))):
            lines += block.count(b"\n")
            place -= len(block)
    return lines


def _first_character(file: IO[bytes]) -> bytes:
    while block := file.read(4096):
        if text := block.removeprefix(_BYTE_ORDER_MARK).strip():
            return text[:1]
    return b""


def _in_lines(file: IO[bytes], place: int) -> Iterator[tuple[int, int]]:
    for line in file:
        if text := line.strip():
            begin = place + line.index(text)
            yield begin, begin + len(text)
        place += len(line)


def _in_list(file: IO[bytes], place: int) -> Iterator[tuple[int, int]]:
    """Spans of the elements of a list, of which no more than a window is in memory, or a row if that is longer.

    Bytes are read as Latin-1, in which a byte is a character: places in the text are then places in the file, and all that
    JSON itself is written with means the same.
    """
    decoder = json.JSONDecoder()
    text, window = file.read(_WINDOW).decode("latin-1"), _WINDOW
    at = text.index("[") + 1
    while True:
        at = _past(text, at, _SPACE + ",")
        if at < len(text) and text[at] == "]":
            break
        end, cut_off = _end_of_row(decoder, text, at)
        if end is not None and end < len(text):
            yield place + at, place + end
            at, window = end, _WINDOW
            continue
        more = file.read(window).decode("latin-1") if cut_off else ""
        if more:
            text, place, at, window = text[at:] + more, place + at, 0, window * 2
        elif end is not None:  # the last row of a list without an end
            yield place + at, place + end
            at = end
        else:
            file.seek(0, 2)
            yield place + at, max(file.tell(), place + at + 1)
            return
    at += 1
    if rest := (text[at:] + file.read().decode("latin-1")).strip():
        yield place + at, place + at + len(rest)


def _end_of_row(decoder: json.JSONDecoder, text: str, at: int) -> tuple[int | None, bool]:
    """Where the row ends that begins at a place, None if it does not; and whether that may be since the text ends."""
    if at >= len(text):
        return None, True
    try:
        _, end = decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        return None, error.pos > len(text) - _CUT_OFF or error.msg.startswith("Unterminated")
    except RecursionError:
        return None, False
    return end, end == len(text)


def _past(text: str, at: int, skipped: str) -> int:
    while at < len(text) and text[at] in skipped:
        at += 1
    return at
