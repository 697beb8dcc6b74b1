"""Answers, and the file that keeps them as they come, so that none is asked for twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from rewards.errors import UserError
from rl.evaluation.questions import EvalQuestion, digest_of


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn."""

    temperature: float = 0.0
    """0 takes the most probable token."""
    count: int = 1
    """Answers to each question."""
    seed: int = 0
    structured: bool = False
    """Hold rationales to the tree's grammar."""


@dataclass(frozen=True)
class Answer:
    """What a model said to a question, or why it said nothing."""

    key: str
    """Of the question, the model and how it was asked."""
    sample: int
    """Which of several answers to the question, from 0."""
    text: str = ""
    finish_reason: str = "stop"
    tokens: int = 0
    problem: str | None = None
    """Why there is no answer."""


def key_of(question: EvalQuestion, model: str, sampling: Sampling, longest: int, clip: object) -> str:
    """What tells one answer from another, but for its number.

    Args:
        question: with the digest of what is asked.
        model: digest of a folder, or endpoint and model.
        sampling: how answers are drawn; how many does not matter.
        longest: tokens of an answer at most.
        clip: how media become frames, as JSON can hold it.
    """
    drawn = [sampling.temperature, sampling.seed if sampling.temperature else 0, sampling.structured, longest]
    return digest_of([question.digest, model, drawn, clip])


class AnswerFile:
    """Answers by key and number, one line of JSON each. What was not answered is not kept, and so asked again."""

    def __init__(self, path: Path, file: TextIO, found: dict[tuple[str, int], Answer]) -> None:
        self.path, self._file, self._found = path, file, found

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[AnswerFile]:
        """Read the file, if it is there, and have it to oneself while the block runs.

        Raises:
            UserError: if another process has it, or a line of it is no answer.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path.with_suffix(".lock"), timeout=0):
                found = _read(path)
                with path.open("a", encoding="utf-8") as file:
                    yield cls(path, file, found)
        except Timeout as error:
            raise UserError(f"{path}: another evaluation writes to it; wait for it, or name another --out") from error

    def get(self, key: str, sample: int) -> Answer | None:
        """The answer that is kept; None if there is none."""
        return self._found.get((key, sample))

    def add(self, answer: Answer) -> None:
        """Keep an answer, at once."""
        if answer.problem is None:
            self._found[answer.key, answer.sample] = answer
            self._file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
            self._file.flush()


def _read(path: Path) -> dict[tuple[str, int], Answer]:
    """The answers of a file. A last line that was cut off is removed."""
    content = path.read_bytes() if path.is_file() else b""
    whole = content.rfind(b"\n") + 1
    found = {}
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            answer = Answer(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}, line {number}: is no answer ({error}); remove the line or the file") from error
        found[answer.key, answer.sample] = answer
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    return found
