"""The formats that ship."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollout.rows.formats.canonical import canonical
from rollout.rows.formats.easyr1 import easyr1
from rollout.rows.formats.emo_cfg import emo_cfg, is_emo_cfg
from rollout.rows.formats.sharegpt import sharegpt
from rollout.rows.formats.trl import trl
from rollout.rows.formats.verl import has_ground_truth, verl
from rollout.rows.formats.video_r1 import video_r1


@dataclass(frozen=True)
class Shipped:
    """A format that ships."""

    read: Callable[..., Any]
    """From a row, as its file has it, to the columns of docs/data.md."""
    needs: tuple[str, ...]
    """Columns without which a file is not in this format."""
    fits: Callable[[Path, Mapping[str, Any]], bool] = lambda file, row: True
    """Whether a file that has these columns is in this format, by its path and its first row (empty if unknown)."""
    takes_file: bool = False
    """Whether `read` is also given the path of the row's file."""
    keeps_names: bool = False
    """Whether what it returns stands under the names that the row has, so that errors need not say who reads it."""


SHIPPED = {
    "emo_cfg": Shipped(emo_cfg, ("messages",), is_emo_cfg, takes_file=True, keeps_names=True),
    "canonical": Shipped(canonical, ("messages",), keeps_names=True),
    "sharegpt": Shipped(sharegpt, ("conversations",)),
    "verl": Shipped(verl, ("prompt", "reward_model"), lambda file, row: not row or has_ground_truth(row)),
    "trl": Shipped(trl, ("prompt",)),
    "video_r1": Shipped(video_r1, ("problem", "solution"), lambda file, row: row.get("answer") is None or "data_type" in row),
    "easyr1": Shipped(easyr1, ("problem", "answer")),
}
"""By the name that `data.format` gives them; `auto` tries them in this order."""
