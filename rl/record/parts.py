"""Work on many rows that is kept in parts, so that whoever is stopped goes on where they were."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rl.record.files import write_atomically


class Parts:
    """A folder beside a file that is being made. Each part is written whole or not at all."""

    def __init__(self, target: Path, asked: Mapping[str, Any]) -> None:
        """Begin, or go on with what an earlier call has begun.

        Args:
            target: the file that is made in the end; it must not be there yet.
            asked: what the work hangs on. An earlier call must have been asked the same.

        Raises:
            UserError: if the file is there, or the parts are of another call.
        """
        if target.exists():
            raise UserError(f"{target} is there already; remove it, or write to another file")
        self.target = target
        self.folder = target.with_name(f".{target.name}.parts")
        self.folder.mkdir(parents=True, exist_ok=True)
        note, text = self.folder / "asked.json", json.dumps(asked, sort_keys=True)
        if note.exists() and note.read_text(encoding="utf-8") != text:
            raise UserError(
                f"{self.folder} is of a call with other rows or options: {note.read_text(encoding='utf-8')}; "
                f"call again with those, or remove the folder"
            )
        write_atomically(note, text)

    def has(self, number: int) -> bool:
        """Whether a part is done."""
        return self._file(number).exists()

    def add(self, number: int, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep what came of a part."""
        write_atomically(self._file(number), "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))

    def records(self) -> Iterator[dict[str, Any]]:
        """What came of all parts that are done, in order."""
        for file in sorted(self.folder.glob("*.jsonl")):
            with file.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)

    def remove(self) -> None:
        """Take the folder away, once the file is made."""
        shutil.rmtree(self.folder)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:08d}.jsonl"
