"""Rows become what is learned from; those of the next step while a step is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from rollout.prompts import EncodedPrompt, PromptEncoder
from rollout.rows.row import Row
from rollout.samples import TokenGroup


class RowReader:
    """Encodes rows in a thread of its own, one list of them after the other."""

    def __init__(self, encoder: PromptEncoder) -> None:
        self._encoder = encoder
        self._thread = ThreadPoolExecutor(1, "reading rows")
        self._ahead: tuple[list[Row], Future[list[TokenGroup]]] | None = None

    def prompts(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Prompts of rows; their media are then at hand for learning."""
        return self._thread.submit(lambda: [self._encoder.encode(row) for row in rows]).result()

    def examples(self, rows: Sequence[Row], upcoming: Sequence[Row] = ()) -> list[TokenGroup]:
        """Each row's question with its assistant turn, which is to be imitated.

        Args:
            rows: what is learned from now.
            upcoming: what is asked for next, if that is known: it is read while these are learned from.

        Raises:
            ValueError: if a row has no assistant turn.
            MediaError: if one of the rows' files cannot be decoded.
        """
        ahead, self._ahead = self._ahead, None
        known = ahead is not None and ahead[0] == list(rows)
        found = ahead[1] if ahead is not None and known else self._thread.submit(self._read, rows)
        if upcoming:
            self._ahead = list(upcoming), self._thread.submit(self._read, upcoming)
        return found.result()

    def _read(self, rows: Sequence[Row]) -> list[TokenGroup]:
        return [self._example(row) for row in rows]

    def _example(self, row: Row) -> TokenGroup:
        if row.reference is None:
            raise ValueError(f"row {row.index + 1}: no assistant turn to learn from")
        return TokenGroup(self._encoder.encode(row), (self._encoder.reply_ids(row.reference),))
