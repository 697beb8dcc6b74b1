"""The turns of a row's conversation, as its column `messages` has them.

[{"role": "user", "content": "<video>Which emotion is it?"}, {"role": "assistant", "content": "happy"}]
[{"role": "user", "content": [{"type": "video", "video": "1.mp4"}, {"type": "text", "text": "Which emotion is it?"}]}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.files import json_problem, type_name
from rollout.media.medium import KINDS, Kind
from rollout.rows.row import Role, RowError

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
"""What data sets call the roles -> what they are called here."""
_TEXT_TYPES = ("text", "input_text", "output_text")
_MEDIA_KEYS = (*KINDS, *(f"{kind}s" for kind in KINDS))


@dataclass(frozen=True)
class Place:
    """Where a turn shows a video or an image."""

    kind: Kind
    named: Any = None
    """What names it; None for the next one of the row's columns."""


@dataclass(frozen=True)
class RawTurn:
    """A turn as a row has it."""

    number: int
    """Which turn it is, from 1."""
    role: Role
    pieces: tuple[str | Place, ...]
    """Texts and media in order; a plain text still has its tags."""
    typed: bool
    """Whether it is a list of typed parts, such as `{"type": "text", …}`, rather than a text."""
    unread: tuple[str, ...] = ()
    """Its keys that say something which is not read, such as `loss`."""


def turns_of(messages: Any, where: str) -> list[RawTurn]:
    """All turns: up to the last one of the user's, and at most one of the assistant's after it.

    Args:
        messages: the column; a list of turns, or its JSON as text.
        where: the file and the row, for errors.

    Raises:
        RowError: if it is something else, a turn has another role or shape, or there is no user turn.
    """
    where = f"{where}, key `messages`"
    found = _unpacked(messages, where)
    if not isinstance(found, (list, tuple, type(None))):
        raise RowError(f"{where}: must be a list of turns, found {type_name(found)}; write `role` and `content` for each turn")
    turns = [_turn(turn, number, where) for number, turn in enumerate(found or (), start=1)]
    asked = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not asked:
        has = f" among {', '.join(dict.fromkeys(turn.role for turn in turns))}" if turns else ""
        raise RowError(f"{where}: no user turn found{has}; a row needs one")
    behind = turns[asked[-1] + 1 :]
    if len(behind) > 1 or any(turn.role != "assistant" for turn in behind):
        roles = " and ".join(turn.role for turn in behind)
        raise RowError(
            f"{where}: {roles} follow the last user turn; at most one assistant turn may: join them, or remove the others"
        )
    return turns


def with_system(turns: list[RawTurn], text: str | None) -> list[RawTurn]:
    """The turns after a system turn with this text, unless there is none or they have a system turn."""
    if text is None or any(turn.role == "system" for turn in turns):
        return turns
    return [RawTurn(0, "system", (text,), typed=False), *turns]


def _unpacked(messages: Any, where: str) -> Any:
    """The list in a text that is its JSON, as many published tables have it."""
    if not isinstance(messages, str):
        return messages
    try:
        return json.loads(messages)
    except (ValueError, RecursionError) as error:
        raise RowError(f"{where}: is a text that is no list of turns ({json_problem(error)}); write the list itself") from error


def _turn(turn: Any, number: int, where: str) -> RawTurn:
    if not isinstance(turn, Mapping):
        raise RowError(f"{where}: turn {number} must have `role` and `content`, found {type_name(turn)}; mend or remove it")
    named = turn.get("role")
    role = ROLES.get(named) if isinstance(named, str) else None
    if role is None:
        what = f"the role {named!r}"[:80] if named is not None else f"no `role`, only {', '.join(map(str, turn)) or 'nothing'}"
        raise RowError(f"{where}: turn {number} has {what}; roles are system, user and assistant")
    # tables give all turns the keys of each; `loss: true` and `weight: 1` say what is done anyway
    unread = tuple(
        str(key) for key, value in turn.items() if key not in ("role", "content") and value not in (None, "", [], True)
    )
    if own := next((key for key in unread if key in _MEDIA_KEYS), None):
        raise RowError(f"{where}: turn {number} has `{own}` of its own; name them in the row's `{own}`, and write a tag for each")
    content = turn.get("content")
    if isinstance(content, str):
        return RawTurn(number, role, (content,), typed=False, unread=unread)
    if isinstance(content, (list, tuple)):
        return RawTurn(number, role, tuple(_piece(part, role, number, where) for part in content), typed=True, unread=unread)
    if content is None and role == "assistant":
        return RawTurn(number, role, (), typed=False, unread=unread)
    raise RowError(
        f"{where}: the content of turn {number} must be text, or a list of parts, found {type_name(content)}; mend or remove it"
    )


def _piece(part: Any, role: Role, number: int, where: str) -> str | Place:
    """A typed part: a text, or the place of a medium."""
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        raise RowError(f"{where}: turn {number} has a part that is {type_name(part)}; write {{type: text, text: …}}")
    given = {key: value for key, value in part.items() if value not in (None, "")}  # tables give all parts the keys of each
    stated = given.get("type")
    kind = next((kind for kind in KINDS if stated in (kind, f"{kind}_url", f"input_{kind}")), None)
    if stated is None:
        kind = next((kind for kind in KINDS if kind in given or f"{kind}_url" in given), None)
    if kind is None:
        if (stated is None or stated in _TEXT_TYPES) and isinstance(text := part.get("text"), str):
            return text
        what = f"of type {stated!r}" if stated not in (None, *_TEXT_TYPES) else "without text"
        raise RowError(f"{where}: turn {number} has a part {what}; parts are text, image and video")
    if role != "user":
        raise RowError(f"{where}: turn {number}, of the {role}, has a part that is {kind}; only user turns show media: move it")
    named = {key: value for key, value in given.items() if key != "type"}
    return Place(kind, named if any(key in named for key in (kind, f"{kind}_url", "path", "url", "bytes")) else None)
