"""Answers of a judge, kept by the content of their questions: a text that many samples share is asked about once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from cachetools import LRUCache

from rewards.scorers.questions import Question, Read

MOST_KEPT = 16_384
"""The most answers that are kept in memory."""


class Kept(Protocol):
    """Answers by the keys of their questions."""

    def get(self, key: str) -> str | None:
        """The answer; None if it is not kept."""

    def put(self, key: str, answer: str) -> None:
        """Keep an answer."""


class AnsweredOnce:
    """Asks, and keeps the answers. Equal questions at one time, in one event loop, are asked once."""

    def __init__(self, request: Callable[[Question], Awaitable[str]], kept: Kept, *of: str) -> None:
        """
        Args:
            request: asks a question and returns the answer's text.
            kept: where answers are kept.
            of: what decides about answers beside the question, such as the model that is asked.
        """
        self.kept, self.of = kept, of
        self.questions = 0
        """All that were asked so far."""
        self.hits = 0
        """Those of them whose answer was there, or on its way."""
        self._request = request
        self._asked: dict[tuple[int, str], asyncio.Task[str]] = {}

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        """What `read` makes of the answer, as `Judge.ask` has it."""
        key = question.key(*self.of)
        self.questions += 1
        known = self.kept.get(key)
        if known is not None:
            self.hits += 1
            return read(known)
        running = (id(asyncio.get_running_loop()), key)
        if running in self._asked:
            self.hits += 1
        else:
            self._asked[running] = asyncio.create_task(self._begin(question))
            self._asked[running].add_done_callback(lambda _: self._asked.pop(running, None))
        text = await asyncio.shield(self._asked[running])  # one who stops waiting leaves the question to the others
        found = read(text)
        self.kept.put(key, text)
        return found

    async def _begin(self, question: Question) -> str:
        return await self._request(question)


class MemoryAnswers:
    """Keeps answers in this process, up to a number; those that were used longest ago go first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._known: LRUCache[str, str] = LRUCache(most)
        self._lock = threading.Lock()  # scorers may ask from several threads

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._known.get(key)

    def put(self, key: str, answer: str) -> None:
        with self._lock:
            self._known[key] = answer


class FileAnswers:
    """Keeps answers in an SQLite file, which outlives the process and may be shared by many."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(file, timeout=30, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode=WAL")
        self._store.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")

    def get(self, key: str) -> str | None:
        found = self._store.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def put(self, key: str, answer: str) -> None:
        with self._store:
            self._store.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))
