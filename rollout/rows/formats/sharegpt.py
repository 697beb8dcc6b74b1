"""Rows of ShareGPT, LLaVA, LLaVA-Video and LLaMA-Factory.

{"video": "1.mp4", "conversations": [{"from": "human", "value": "<image>\\nWho smiles?"}, {"from": "gpt", "value": "she"}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rewards.files import json_problem
from rollout.rows.row import RowError


def sharegpt(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """All turns; in a row with videos and no images, <image> stands for a video, as LLaVA has it."""
    turns = row.get("conversations")
    if isinstance(turns, str):
        try:
            turns = json.loads(turns)
        except (ValueError, RecursionError) as error:
            raise RowError(
                f"`conversations` is a text that is no list of turns ({json_problem(error)}); write the list"
            ) from error
    about_videos = bool(row.get("video") or row.get("videos")) and not (row.get("image") or row.get("images"))
    messages = [_turn(turn, about_videos) for turn in turns] if isinstance(turns, list) else turns
    columns = {key: value for key, value in row.items() if key != "conversations"}
    prompt = {"system": row["system_prompt"]} if row.get("system_prompt") and not row.get("system") else {}
    return {**columns, **prompt, "messages": messages}


def _turn(turn: Any, about_videos: bool) -> Any:
    """A turn with `role` and `content`; whatever is no turn stays as it is, and is refused by its number."""
    if not isinstance(turn, Mapping):
        return turn
    role, content = (turn.get(key, turn.get(other)) for key, other in (("from", "role"), ("value", "content")))
    if about_videos and role in ("human", "user") and isinstance(content, str):
        content = content.replace("<image>", "<video>")
    others = {key: value for key, value in turn.items() if key not in ("from", "value")}
    return {**others, "role": role, "content": content}
