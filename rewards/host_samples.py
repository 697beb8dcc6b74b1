"""Samples from what other trainers pass to a reward function: texts or messages, columns, and a gold in any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from rewards.answers.columns import BadColumn, gold_answer, option_texts
from rewards.answers.text import answer_of_turn
from rewards.errors import UserError
from rewards.sample import RewardSample, Shown
from rewards.tree.coverage import covers_problem
from rewards.tree.gold import gold_problem

GOLD_COLUMNS = ("answer", "solution", "ground_truth")
"""Where the gold answer is looked for, in this order. Any of them may hold the gold tree as well."""
Read = TypeVar("Read")
_MEDIA_COLUMNS: dict[str, Literal["video", "image"]] = {"videos": "video", "video": "video", "images": "image", "image": "image"}


class HostError(UserError):
    """What a trainer passed cannot be scored as it stands; the message says what was found and what to do."""


def sample_of(
    completion: str, prompt: str, row: Mapping[str, Any], ids: Sequence[int] = (), finish_reason: str = "stop"
) -> RewardSample:
    """A sample, whose group is its prompt's text and media.

    Args:
        completion: what the model wrote.
        prompt: the question.
        row: the data set's columns, as they are.
        ids: the completion's token ids, where the trainer has them.
        finish_reason: as in `RewardSample`.

    Raises:
        HostError: for a column that cannot be read.
    """
    tree, answer, answers = _gold_of(row)
    task = row.get("task") or "rationale"
    if not isinstance(task, str):
        raise HostError(f"column `task`: must be text, found {task!r:.60}")
    return RewardSample(
        completion,
        task=task,
        prompt=prompt,
        answer=answer,
        answers=answers,
        tree=tree,
        covers=_covers_of(row),
        options=_read("options", option_texts, row),
        media=tuple(_media_of(row)),
        finish_reason=finish_reason,
        completion_tokens=len(ids),
        completion_ids=tuple(ids),
        group=_fingerprint([row.get("prompt_id") or prompt, *(row.get(name) for name in _MEDIA_COLUMNS)]),
        columns=row,
    )


def whole_groups(samples: Sequence[RewardSample], size: int) -> list[RewardSample]:
    """The samples with groups of exactly `size`: rows that ask the same of the same clip are told apart by their order.

    Raises:
        HostError: if a prompt has another number of samples here, so that a part of its group is elsewhere.
    """
    seen: dict[str, int] = {}
    found = []
    for sample in samples:
        place = seen[sample.group] = seen.get(sample.group, 0) + 1
        found.append(replace(sample, group=f"{sample.group} {(place - 1) // size}"))
    broken = next((count for count in seen.values() if count % size), None)
    if broken is not None:
        raise HostError(
            f"a call has {broken} samples of one prompt, whose group is {size}; let each process score whole groups: "
            f"make its batch a multiple of {size}, and take {size} samples a prompt in evaluation too"
        )
    return found


def rows_of(count: int, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Columns as rows; what is not one value a sample is not a column.

    Raises:
        HostError: if a column that scorers read has another number of values.
    """
    for name in (*GOLD_COLUMNS, "tree", "task", "options", "covers"):
        found = columns.get(name)
        if isinstance(found, (list, tuple)) and len(found) != count:
            raise HostError(f"column `{name}`: must have a value for each of {count} completions, found {len(found)}")
    whole = {k: v for k, v in columns.items() if isinstance(v, (list, tuple)) and len(v) == count}
    return [{name: values[index] for name, values in whole.items()} for index in range(count)]


def truth_columns(truth: Any) -> dict[str, Any]:
    """A ground truth as columns: a mapping as it is, anything else as the answer."""
    return dict(truth) if isinstance(truth, Mapping) else {"answer": truth}


def text_of(message: Any) -> str:
    """A text, or the texts of a conversation's turns. A turn's content may be a list of parts."""
    if isinstance(message, str):
        return message
    if isinstance(message, Mapping):
        return text_of(message.get("content") or message.get("text") or "")
    return "\n".join(text for text in map(text_of, message or ()) if text)


def _gold_of(row: Mapping[str, Any]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The gold tree, the answer, and its labels where it is a list."""
    found = [_read(name, gold_answer, row) for name in GOLD_COLUMNS]
    trees = [text for text, _ in found if text and "<tree>" in text]
    answers = [(text, labels) for text, labels in found if text and "<tree>" not in text]
    tree = row.get("tree") or (trees[0] if trees else None)
    if tree is not None and (problem := gold_problem(tree) if isinstance(tree, str) else f"must be text, found {tree!r:.60}"):
        raise HostError(f"column `tree`: {problem}")
    if answers:
        return tree, *answers[0]
    return tree, answer_of_turn(trees[0], "rationale") if trees else None, ()


def _read(name: str, reader: Callable[[Any], Read], row: Mapping[str, Any]) -> Read:
    value: Any = row.get(name)
    try:
        return reader(value.tolist() if hasattr(value, "tolist") else value)  # lists are arrays in verl
    except BadColumn as error:
        raise HostError(f"column `{name}`: {error}") from error


def _covers_of(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    covers = row.get("covers")
    if problem := covers_problem(covers):
        raise HostError(f"column `covers`: {problem}")
    return covers


def _media_of(row: Mapping[str, Any]) -> Iterator[Shown]:
    """The files that columns name. Frames and pictures in memory are none."""
    for name, kind in _MEDIA_COLUMNS.items():
        given = row.get(name)
        for one in given if isinstance(given, (list, tuple)) else [given]:
            path = one.get("path") if isinstance(one, Mapping) else one
            if isinstance(path, str):
                yield Shown(kind, path)


def _fingerprint(value: Any) -> str:
    """The same text for equal values. Pictures are compared by their bytes, and other objects not at all."""
    digest = hashlib.sha1(usedforsecurity=False)
    for part in _parts(value):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from _parts(value[key])
    elif isinstance(value, (list, tuple)):
        yield str(len(value)).encode()
        for one in value:
            yield from _parts(one)
    elif isinstance(value, bytes):
        yield value
    elif hasattr(value, "tobytes"):
        yield value.tobytes()
    else:
        yield str(value).encode() if isinstance(value, (str, int, float)) else type(value).__name__.encode()
