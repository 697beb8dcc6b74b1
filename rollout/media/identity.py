"""Which frames are the same."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from rollout.media.container import check_file
from rollout.media.medium import ClipSpec, Kind, Medium


def identity(medium: Medium, spec: ClipSpec) -> str:
    """A name for what a medium becomes: its files by path, size and time of change, or its content; the part that is meant; and
    how it is sampled. Raises `MediaError` if a file is not there."""
    files = [_state(name, medium.kind) for name in medium.frames or (() if medium.content else (medium.path,))]
    digest = blake2b(repr((medium.kind, files, medium.start, medium.end, spec)).encode(), digest_size=16)
    digest.update(medium.content)
    return digest.hexdigest()


def _state(name: str, kind: Kind) -> tuple[str, int, int]:
    check_file(name, kind)
    found = Path(name).stat()
    return name, found.st_size, found.st_mtime_ns
