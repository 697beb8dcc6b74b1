"""The scorers that ship. Each is a plain function of a `RewardSample`, usable alone, in [0, 1].

Those of trees and answers are here; those of label sets and captions are in files of their own.

None means "does not apply": the mix then leaves the scorer out for that sample.
"""

from __future__ import annotations

from rewards.scorers.answer import format, length, overlong, qa
from rewards.scorers.captions import caption, caption_tree
from rewards.scorers.labels import au, emotion_wheel
from rewards.scorers.tree import expression, leaf, root, structure, tree_edit

__all__ = [
    "au",
    "caption",
    "caption_tree",
    "emotion_wheel",
    "expression",
    "format",
    "leaf",
    "length",
    "overlong",
    "qa",
    "root",
    "structure",
    "tree_edit",
]
