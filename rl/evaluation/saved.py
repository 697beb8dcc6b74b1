"""The folder of an evaluation: answers as they come, what was measured of each row, all figures, and the tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rl.evaluation.scoring import RowScore

_TUPLES = ("gold_words", "said_words")


@dataclass(frozen=True)
class SavedEvaluation:
    """What was measured of one model, row by row."""

    model: str
    rows: tuple[RowScore, ...]

    def asked(self) -> tuple[str, list[RowScore]]:
        """The model's name, and the rows of their own questions, without those of the direct arm."""
        return self.model, [row for row in self.rows if row.arm == "asked"]


class EvaluationFolder:
    """Paths of an evaluation's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers = path / "answers.jsonl"
        """Every answer that was ever given here; a second evaluation asks only for what is missing."""
        self.rows = path / "rows.jsonl"
        """What was measured of each row, last time."""
        self.results = path / "results.json"
        self.table = path / "table.md"
        self.lmms_eval = path / "lmms_eval"

    def is_there(self) -> bool:
        """Whether it holds an evaluation that came to its end."""
        return self.rows.is_file() and self.results.is_file()

    def rows_text(self, rows: Sequence[RowScore]) -> str:
        """The contents of `rows.jsonl`."""
        return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)

    def read(self) -> SavedEvaluation:
        """What was measured last time.

        Raises:
            UserError: if a file is missing or holds something else.
        """
        try:
            model = json.loads(self.results.read_text(encoding="utf-8"))["evaluations"][0]["model"]
            lines = self.rows.read_bytes().splitlines()  # of bytes: words of a model may hold what breaks lines of text
            rows = tuple(_row(json.loads(line)) for line in lines)
        except OSError as error:
            raise UserError(f"{self.path}: no saved evaluation ({error.strerror}); name the --out of an earlier one") from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise UserError(f"{self.path}: the saved evaluation cannot be read ({error}); evaluate again") from error
        return SavedEvaluation(str(model), rows)


def _row(record: dict[str, Any]) -> RowScore:
    read: dict[str, Any] = {key: tuple(value) if key in _TUPLES else value for key, value in record.items()}
    return RowScore(**{**read, "stated": tuple(map(tuple, read["stated"]))})
