"""What is asked: rows with the words that their task is asked in, and what tells one question from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rewards.answers.options import LETTERS
from rewards.errors import UserError
from rewards.files import read_settings
from rollout.media.medium import Medium
from rollout.rows.row import MEDIA_TAG, Row

Arm = Literal["asked", "direct"]
"""`asked`: the row's own question, for a rationale that of a tree; `direct`: the answer of a rationale without a tree."""
_LOADED = (".json", ".safetensors", ".bin", ".txt", ".jinja", ".model")
"""How the names of a checkpoint's weights, settings and tokenizer end; optimizer states and evaluations may lie beside them."""
_PROMPTS = Path(__file__).with_name("prompts.yaml")


@dataclass(frozen=True)
class EvalQuestion:
    """A row as it is asked."""

    row: Row
    """With the words that are asked."""
    arm: Arm
    digest: str
    """Of all that is asked: words, options and the content of its media."""
    pair: str
    """Digest of its row's own question and of what is right: by it both arms, and two models, are compared."""
    clip: str
    """Of its media; of the whole question where it has none."""

    @property
    def task(self) -> str:
        """The task that it is measured as, and may answer as long as: that of its row, also where a rationale's answer alone is
        asked for."""
        return "rationale" if self.arm == "direct" else self.row.task


def questions_of(rows: Iterable[Row], direct: bool = False) -> Iterator[EvalQuestion]:
    """The rows as they are asked; with `direct`, each rationale a second time, for its answer alone.

    A row that repeats another, with the same gold, is left out: published sets have the same rows in several files.

    Raises:
        UserError: if a row has neither words nor a task whose words are known, or one of its files cannot be read.
    """
    files: dict[Medium, str] = {}
    seen: set[str] = set()
    for row in rows:
        asked = _question(_worded(row), "asked", files)
        if asked.pair in seen:
            continue
        seen.add(asked.pair)
        yield asked
        if direct and row.task == "rationale" and row.answer:
            yield replace(_question(directly(row), "direct", files), pair=asked.pair)


def directly(row: Row) -> Row:
    """A rationale's row as a question for its emotion alone."""
    words = _prompts()["direct"]["rationale"].format(options=_options(row))
    tags = "".join(f"<{kind}>" for kind in MEDIA_TAG.findall(row.question))
    return replace(row, question=tags + words, task="emotion_single", reference=None, tree=None, covers=None)


def _worded(row: Row) -> Row:
    """A row whose question has words: its own, or those of its task."""
    if any(character.isalnum() for character in MEDIA_TAG.sub("", row.question)):
        return row
    words = _prompts()["questions"].get(row.task)
    if words is None:
        raise UserError(f"row {row.index + 1}: has no question, and none is known for the task {row.task!r}; give it one")
    tags = "".join(f"<{kind}>" for kind in MEDIA_TAG.findall(row.question))
    return replace(row, question=tags + words.format(options=_options(row)))


def _options(row: Row) -> str:
    if not row.options:
        return str(_prompts()["options"].get(row.task, ""))
    if row.task in ("appearance", "actions", "rationale"):
        return ", ".join(row.options)
    lettered = zip(LETTERS, row.options, strict=False)
    return " ".join(text if text[1:2] in ".)" else f"({letter}) {text}" for letter, text in lettered)


def _question(row: Row, arm: Arm, files: dict[Medium, str]) -> EvalQuestion:
    for medium in row.media:
        if medium not in files:
            files[medium] = digest_of_medium(medium)
    media = [files[medium] for medium in row.media]
    turns = [asdict(turn) for turn in row.context]
    digest = digest_of([arm, row.task, row.source, turns, row.question, row.options, media])
    pair = digest_of([digest, row.answer, row.answers, row.tree])
    return EvalQuestion(row, arm, digest, pair, digest_of(media) if media else digest)


def digest_of(value: object) -> str:
    """A short hash of anything that JSON can hold."""
    return hashlib.blake2b(json.dumps(value, ensure_ascii=False, sort_keys=True).encode(), digest_size=12).hexdigest()


def digest_of_medium(medium: Medium) -> str:
    """A hash of a video's or an image's content, and of the part of it that is meant."""
    try:
        whole = [_digest_of_file(file) for file in medium.frames or ([] if medium.content else [medium.path])]
    except OSError:
        whole = [f"unreadable {medium.path}"]  # decoding says why, and the row is counted as unanswered
    inside = hashlib.blake2b(medium.content, digest_size=12).hexdigest() if medium.content else ""
    return digest_of([medium.kind, inside, whole, medium.start, medium.end, medium.max_frames, medium.max_pixels])


def digest_of_folder(folder: Path) -> str:
    """A hash of the files of a checkpoint that a model is loaded from, by their content."""
    files = sorted(file for file in folder.iterdir() if file.suffix in _LOADED and file.is_file())
    return digest_of([[file.name, _digest_of_file(file)] for file in files])


def _digest_of_file(file: str | Path) -> str:
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=12)).hexdigest()


@lru_cache(maxsize=1)
def _prompts() -> Mapping[str, Mapping[str, str]]:
    return read_settings(_PROMPTS)
