"""A row format of one's own: questions about clips in which somebody speaks, asked with what is said.

    {"clip": "1.mp4", "subtitle": "I can't believe it!", "question": "How does she feel?", "reply": "surprised", "speaker": "Ann"}

Try it on a file, then train with it:

    affectree data check rows.json --format examples/subtitles_format.py:with_subtitles
    affectree train CONFIG data.format=examples/subtitles_format.py:with_subtitles

Other words around the subtitle: data.format_parameters.words='(She says: {subtitle})'.
"""

from __future__ import annotations

from typing import Any

READ = ("clip", "subtitle", "question", "reply")


def with_subtitles(row: dict[str, Any], words: str = 'The speaker says: "{subtitle}"') -> dict[str, Any]:
    """The question with the subtitle behind it, and its reply; all further columns stay as they are.

    Args:
        row: a row as its file has it.
        words: what stands around a subtitle.
    """
    question = row["question"]
    if row.get("subtitle"):
        question += "\n" + words.format(subtitle=row["subtitle"])
    messages = [{"role": "user", "content": question}]
    if row.get("reply"):
        messages.append({"role": "assistant", "content": row["reply"]})
    columns = {key: value for key, value in row.items() if key not in READ}
    return {**columns, "messages": messages, "videos": [row["clip"]]}
