"""Asking a language model behind an OpenAI-compatible endpoint for an answer of a fixed form.

Answers are kept by the content of the question, so that a text which many samples share is asked about once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from rewards.sample import InfrastructureError, ScorerError

_BUSY = (408, 409, 429)
"""HTTP statuses, besides those from 500 on, after which trying again may help."""
_MOST_KEPT = 16_384
"""The most answers that are kept in memory, where no file is set for them."""


@dataclass(frozen=True)
class EndpointSpec:
    """Where and how to ask. The key itself is never part of a config, only the name of the variable that holds it."""

    url: str
    """Base URL, such as http://localhost:8000/v1."""
    model: str
    """Name of the model there."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; without it the key is `none`."""
    timeout: float = 12.0
    """Seconds for one request. With its retries it has to fit into the scorer's timeout."""
    retries: int = 1
    """How often the client itself tries again after connection faults, 408, 409, 429 and 5xx, with growing pauses."""
    per_minute: float = 600.0
    """Requests a minute from each process that asks. Waiting for a turn counts towards the scorer's timeout."""
    cache: str | None = None
    """An SQLite file for the answers, which outlives the process and may be shared by many; None keeps them in memory."""


@lru_cache(maxsize=8)
def open_endpoint(spec: EndpointSpec) -> Endpoint:
    """The process's one client of an endpoint, so that its pace and its answers are shared."""
    return Endpoint(spec)


class Endpoint:
    """A client that keeps a pace, keeps answers, and checks every answer's form."""

    def __init__(self, spec: EndpointSpec) -> None:
        self.spec = spec
        self._known: LRUCache[str, str] = LRUCache(_MOST_KEPT)
        self._known_lock = threading.Lock()  # scorers may ask from several threads
        self._asked: dict[tuple[int, str], asyncio.Task[str]] = {}
        self._next_slot = 0.0
        self._store = _open_store(Path(spec.cache)) if spec.cache else None

    async def ask(
        self, system: str, user: str, name: str, schema: dict[str, Any], check: Callable[[dict[str, Any]], Any]
    ) -> dict[str, Any]:
        """An answer that fits a JSON schema. Equal questions at one time are asked once.

        Args:
            system: instructions.
            user: what to judge.
            name: name of the schema.
            schema: JSON schema of an object with required properties; it is sent along, and its keys are checked here.
            check: raises `ScorerError` for impossible values; only answers that pass are kept.

        Raises:
            InfrastructureError: if the endpoint could not be reached or refused, after its retries.
            ScorerError: if the answer does not have the asked form.
        """
        key = hashlib.sha256(json.dumps([self.spec.url, self.spec.model, system, user, schema]).encode()).hexdigest()
        known = self._look_up(key)
        if known is not None:
            return _checked(known, schema, check)
        running = (id(asyncio.get_running_loop()), key)
        if running not in self._asked:
            self._asked[running] = asyncio.create_task(self._request(system, user, name, schema))
            self._asked[running].add_done_callback(lambda _: self._asked.pop(running, None))
        text = await self._asked[running]
        found = _checked(text, schema, check)
        self._keep(key, text)
        return found

    async def _request(self, system: str, user: str, name: str, schema: dict[str, Any]) -> str:
        from openai import APIConnectionError, APIStatusError, AsyncOpenAI

        await self._wait_for_slot()
        spec = self.spec
        client = AsyncOpenAI(
            base_url=spec.url,
            api_key=os.environ.get(spec.key_variable, "none"),
            timeout=spec.timeout,
            max_retries=spec.retries,
        )
        try:
            async with client:
                answer = await client.chat.completions.create(
                    model=spec.model,
                    temperature=0.0,
                    messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": name, "schema": schema, "strict": True},
                    },
                )
        except APIConnectionError as error:
            raise InfrastructureError(f"{spec.url} cannot be reached: {error}") from error
        except APIStatusError as error:
            said = f"{spec.url} answered {error.status_code}: {error.message}"[:500]
            busy = error.status_code in _BUSY or error.status_code >= 500
            raise (InfrastructureError if busy else ScorerError)(said) from error
        return answer.choices[0].message.content or ""

    async def _wait_for_slot(self) -> None:
        now, pause = time.monotonic(), 60.0 / self.spec.per_minute
        slot = max(now, self._next_slot)
        self._next_slot = slot + pause
        try:
            await asyncio.sleep(slot - now)
        except asyncio.CancelledError:
            self._next_slot -= pause  # who gives up waiting gives the turn back
            raise

    def _look_up(self, key: str) -> str | None:
        if self._store is None:
            with self._known_lock:
                return self._known.get(key)
        found = self._store.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def _keep(self, key: str, answer: str) -> None:
        if self._store is None:
            with self._known_lock:
                self._known[key] = answer
            return
        with self._store:
            self._store.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))


def _open_store(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(file, timeout=30, check_same_thread=False)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
    return store


def _checked(text: str, schema: dict[str, Any], check: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The answer in a text. Raises `ScorerError` if it does not have the asked form."""
    try:
        found: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        raise ScorerError(f"the endpoint's answer is not JSON: {text!r:.200}") from None
    missing = [key for key in schema["required"] if not isinstance(found, dict) or key not in found]
    if missing:
        raise ScorerError(f"the endpoint's answer lacks {', '.join(missing)}: {text!r:.200}")
    check(found)
    return found
