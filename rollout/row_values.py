"""What a row's columns may hold. Everything else is refused with file, row and key, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rewards.answers.columns import BadColumn, gold_answer, option_texts
from rewards.answers.text import answer_of_turn
from rewards.files import type_name
from rewards.tree.coverage import covers_problem
from rewards.tree.gold import gold_problem
from rollout.media import Kind
from rollout.row_files import RowError

MEDIA_TAG = re.compile("<(video|image)>")
_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_ROLES = {"human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant"}
"""What other trainers call the roles, and what they are called here."""
_NO_PATH: dict[type, str] = {
    list: "; make a clip of the frames, or name each in `images` with a tag of its own",
    dict: "; name the file itself, by its path as text",
}


def turns_of(record: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """The turns of the conversation, at least one of which is the user's."""
    where = f"{where}, key `messages`"
    turns = record.get("messages") or []
    if not isinstance(turns, list):
        hint = "; write the list itself, not its JSON as text" if isinstance(turns, str) else ""
        raise RowError(f"{where}: must be a list of turns, found {type_name(turns)}{hint}")
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, dict):
            raise RowError(f"{where}: turn {number} must have `role` and `content`, found {type_name(turn)}; mend or remove it")
    if not any(turn.get("role") == "user" for turn in turns):
        roles = list(dict.fromkeys(role for turn in turns if isinstance(role := turn.get("role"), str)))
        hint = "".join(f"; write {_ROLES[role]!r} for {role!r}" for role in roles if role in _ROLES)
        has = f" among {', '.join(roles)}" if roles else ""
        raise RowError(f"{where}: no user turn found{has}; a row needs one{hint}")
    return turns


def question_of(turns: Sequence[Mapping[str, Any]], where: str) -> str:
    """The text of the last user turn."""
    content = [turn for turn in turns if turn.get("role") == "user"][-1].get("content")
    if not isinstance(content, str):
        hint = "; write text with <video> and <image> tags, and name the files in `videos` and `images`"
        raise RowError(
            f"{where}, key `messages`: the user turn's content must be text, found {type_name(content)}"
            + (hint if isinstance(content, list) else "")
        )
    for token in ("<|video_pad|>", "<|image_pad|>"):
        if token in content:
            raise RowError(f"{where}, key `messages`: the text holds {token} itself; write <video> or <image>")
    return content


def reference_of(turns: Sequence[Mapping[str, Any]], where: str) -> str | None:
    """The text of the last turn, if it is the assistant's."""
    last = turns[-1]
    if last.get("role") != "assistant":
        return None
    content = last.get("content")
    if not isinstance(content, (str, type(None))):
        raise RowError(f"{where}, key `messages`: the assistant turn's content must be text, found {type_name(content)}")
    return content


def paths_of(record: Mapping[str, Any], kind: Kind, where: str) -> list[str]:
    """The paths in the column `videos` or `images`."""
    where = f"{where}, key `{kind}s`"
    named = record.get(f"{kind}s")
    found = [named] if isinstance(named, str) else named or []
    if not isinstance(found, list):
        raise RowError(f"{where}: must be a list of paths of files, found {type_name(found)}")
    for path in found:
        if not isinstance(path, str) or not path:
            raise RowError(f"{where}: must hold paths of files, found {str(path)[:80]!r}{_NO_PATH.get(type(path), '')}")
        if path.startswith("data:"):
            raise RowError(f"{where}: holds a file's content ({path[:24]!r}…); write it to a file and name that")
        if address := _ADDRESS.match(path):
            what = "write it as a plain path" if address[1] == "file" else "download it first and name the copy"
            raise RowError(f"{where}: {path[:200]} is an address, not a path; {what}")
    return found


def check_tags(record: Mapping[str, Any], question: str, given: Mapping[Kind, Sequence[str]], where: str) -> list[Kind]:
    """The kinds of the question's tags, in order. Raises `RowError` unless there is a file for each tag and no other."""
    asked: list[Kind] = MEDIA_TAG.findall(question)
    for kind, paths in given.items():
        if asked.count(kind) == len(paths):
            continue
        elsewhere = sum(str(turn.get("content")).count(f"<{kind}>") for turn in record["messages"]) - asked.count(kind)
        hint = "make the tags and the list agree"
        if elsewhere > 0 and len(paths) > asked.count(kind):
            hint = f"only the last user turn is asked: move the <{kind}> of earlier turns into it"
        elif record.get(kind) is not None and not paths:
            hint = f"rename the column `{kind}` to `{kind}s`"
        raise RowError(
            f"{where}, key `{kind}s`: the text asks for {asked.count(kind)} {kind}(s) by <{kind}>, found {len(paths)}; {hint}"
        )
    return asked


def text_of(record: Mapping[str, Any], key: str, where: str) -> str | None:
    """A column's text, or None where there is none or it is empty."""
    value = record.get(key)
    if not isinstance(value, (str, type(None))):
        raise RowError(f"{where}, key `{key}`: must be text, found {type_name(value)}")
    return value or None


def answer_of(record: Mapping[str, Any], turn: str | None, task: str, where: str) -> tuple[str | None, tuple[str, ...]]:
    """The right answer as text, and its labels where the row lists them; the assistant turn's where the row has none.

    Args:
        record: the row's columns.
        turn: the assistant turn.
        task: the row's task.
        where: what errors call the row.
    """
    try:
        answer, labels = gold_answer(record.get("answer"))
    except BadColumn as error:
        raise RowError(f"{where}, key `answer`: {error}") from error
    if answer is None:
        return (answer_of_turn(turn, task) if turn else None), ()
    return answer, labels


def options_of(record: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The choices of a closed question; those of a mapping as `A. happy`."""
    try:
        return option_texts(record.get("options"))
    except BadColumn as error:
        raise RowError(f"{where}, key `options`: {error}") from error


def covers_of(record: Mapping[str, Any], where: str) -> Mapping[str, Any] | None:
    """What the gold tree covers; None for what is in it."""
    covers = record.get("covers")
    if problem := covers_problem(covers):
        raise RowError(f"{where}, key `covers`: {problem}")
    return covers


def tree_of(record: Mapping[str, Any], where: str) -> str | None:
    """The gold tree, or None where there is none; one that cannot be read whole is refused."""
    tree = text_of(record, "tree", where)
    if tree is not None and (problem := gold_problem(tree)):
        raise RowError(f"{where}, key `tree`: {problem}")
    return tree
