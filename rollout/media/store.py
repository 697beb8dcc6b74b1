"""Frames that a process keeps, up to a budget in bytes, by itself or with others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

from cachetools import LRUCache

from rollout.media.decoding import decode
from rollout.media.identity import identity
from rollout.media.medium import Clip, ClipSpec, Medium
from rollout.media.shared import SharedClips

_logger = logging.getLogger(__name__)

_HELD = 8
"""A process that shares frames holds on to this part of the budget itself, so that what it is about to use stays."""
_MOST_HELD = 2**30
"""Bytes of which it is no more than that."""


class MediaStore:
    """Decodes a file once and keeps its frames, up to a budget in bytes. Those that were used longest ago go first.

    Threads may share it: one that asks for what another is decoding waits for that. What is unusual about a file is logged once,
    by the process that decodes it.
    """

    def __init__(self, spec: ClipSpec, budget_bytes: int, shared: str = "") -> None:
        """
        Args:
            spec: how media are decoded.
            budget_bytes: bytes of frames that are kept.
            shared: processes of one node that give the same name keep their frames together; empty to keep them alone.
        """
        self.spec = spec
        self.budget_bytes = budget_bytes
        self.decoded = 0
        """Media that this process has decoded."""
        self._shared = SharedClips(shared, budget_bytes) if shared and budget_bytes else None
        held = min(budget_bytes // _HELD, _MOST_HELD) if self._shared else budget_bytes
        self._clips = cache_of_bytes(held, lambda clip: clip.frames.nbytes)
        self._being_decoded: dict[str, Future[Clip]] = {}
        self._told: set[str] = set()
        self._lock = Lock()

    def name(self, medium: Medium) -> str:
        """A name for a medium's frames: media with the same frames share it, and a file that is replaced gets another. Raises
        `MediaError` if a file is not there."""
        return identity(medium, medium.limited(self.spec))

    def get(self, medium: Medium) -> Clip:
        """The file's frames; raises `MediaError` if it cannot be decoded."""
        name = self.name(medium)
        with self._lock:
            clip: Clip | None = self._clips.get(name)
            if clip is not None:
                return clip
            waited_for = self._being_decoded.get(name)
            if waited_for is None:
                promised = self._being_decoded[name] = Future()
        if waited_for is not None:
            return waited_for.result()
        try:
            clip = self._found(name, medium)
            promised.set_result(clip)
        except BaseException as error:
            promised.set_exception(error)
            raise
        finally:
            with self._lock:
                if clip is not None:
                    self._clips[name] = clip
                del self._being_decoded[name]
        return clip

    def _found(self, name: str, medium: Medium) -> Clip:
        """Frames that another process has decoded; else they are decoded here."""
        if self._shared and (clip := self._shared.get(name, medium.path)):
            return clip
        clip = decode(medium, medium.limited(self.spec))
        self.decoded += 1
        self._tell(clip)
        return self._shared.put(name, clip) if self._shared else clip

    def _tell(self, clip: Clip) -> None:
        for line in (f"{clip.path}: {note}" for note in clip.notes):
            if line not in self._told:
                self._told.add(line)
                _logger.warning(line)


def cache_of_bytes(budget: int, size: Callable[[Any], int]) -> LRUCache[Any, Any]:
    """A cache that drops what was used longest ago. One value that is larger than the whole budget is kept alone.

    Args:
        budget: bytes that all values together may have.
        size: the bytes of a value.
    """
    most = max(1, budget)
    return LRUCache(most, getsizeof=lambda value: min(size(value), most))
