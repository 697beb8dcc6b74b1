"""A row format of one's own: rows as ShareGPT and LLaVA have them.

    {"image": "1.png", "conversations": [{"from": "human", "value": "<image> Who smiles?"}, {"from": "gpt", "value": "she"}]}

Try it on a file, then train with it:

    affectree data check rows.json --format examples/sharegpt_format.py:sharegpt
    affectree train CONFIG data.format=examples/sharegpt_format.py:sharegpt

LLaVA-Video writes <image> also where a video is meant: add data.format_parameters.video_tag='<image>' for its rows.
"""

from __future__ import annotations

from typing import Any

ROLES = {"human": "user", "gpt": "assistant"}
READ = ("conversations", "image", "video")


def sharegpt(row: dict[str, Any], video_tag: str = "<video>") -> dict[str, Any]:
    """The first question and its reply, with the files that they are about; all further columns stay as they are.

    Args:
        row: a row as its file has it.
        video_tag: what stands for a video in the text of a row that has one.
    """
    turns = [turn for turn in row["conversations"] if turn["from"] in ROLES]
    messages = [{"role": ROLES[turn["from"]], "content": turn["value"]} for turn in turns[:2]]
    if row.get("video"):
        messages[0]["content"] = messages[0]["content"].replace(video_tag, "<video>")
    columns = {key: value for key, value in row.items() if key not in READ}
    return {**columns, "messages": messages, "videos": files(row.get("video")), "images": files(row.get("image"))}


def files(named: str | list[str] | None) -> list[str]:
    """The paths in a column that holds one path, several or none."""
    return [named] if isinstance(named, str) else list(named or [])
