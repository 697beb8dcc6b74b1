"""Rows of Video-R1, and of the data sets that follow it.

{"problem": "Which emotion is it?", "problem_type": "multiple choice", "options": ["A. happy", "B. sad"], "data_type": "video",
 "path": "./MAFW/1.mp4", "process": "<think>…</think>", "solution": "<answer>A</answer>", "data_source": "MAFW"}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewards.answers.columns import BadColumn, option_texts
from rewards.answers.text import answer_text
from rollout.media.medium import is_image
from rollout.rows.values import unpacked

_OPEN = ("free-form", "numerical", "OCR", "regression")
"""Types of problems that are asked without options."""


def video_r1(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The problem with its options, as Video-R1 asks it, but without the instructions to think that its code adds; the inside of
    `<answer>` is gold, and `process` with `solution` is the assistant's turn."""
    problem, solution, path = row.get("problem"), row.get("solution"), row.get("path")
    turns = [{"role": "user", "content": _with_options(problem, row.get("options"), row.get("problem_type"))}]
    if isinstance(solution, str) and solution:
        process = row.get("process")
        reply = f"{process}\n{solution}" if isinstance(process, str) and process else solution
        turns.append({"role": "assistant", "content": reply})
    columns = {key: value for key, value in row.items() if key not in ("problem", "process", "solution", "path")}
    ours: dict[str, Any] = {"messages": turns, "answer": answer_text(solution) if isinstance(solution, str) else solution}
    if path:
        ours["images" if _is_image(path, row.get("data_type")) else "videos"] = [path]
    if not row.get("source"):
        ours["source"] = row.get("data_source")
    return {**columns, **ours}


def _with_options(problem: Any, options: Any, problem_type: Any) -> Any:
    if problem_type in _OPEN or not isinstance(problem, str):
        return problem
    try:
        choices = option_texts(unpacked(options))
    except BadColumn:  # which is told, with file and row, where the row is built
        choices = ()
    return "\n".join([problem, "Options:", *choices]) if choices else problem


def _is_image(path: Any, data_type: Any) -> bool:
    return str(data_type).lower() == "image" if data_type else isinstance(path, str) and is_image(Path(path))
