"""The scorers that ship, and their registry: what `__all__` lists is found by name.

`tree` scores the rationale's tree, `answer` the answer and the completion as a whole, `labels` sets of labels, `captions`
free captions and short ones; `f1` counts for them, and `gold` tells whether a row has what one compares with. `judge` opens
the language model that judges captions, which may be behind an `endpoint`; `questions` is what it is asked, `answered_once`
keeps its answers, `caption_parser` has it read captions. Each scorer is a plain function of a `RewardSample`, usable alone.
None means "does not apply": the mix then leaves the scorer out for that sample.
"""

from __future__ import annotations

from rewards.scorers.answer import format, length, overlong, qa
from rewards.scorers.captions import caption, caption_tree
from rewards.scorers.labels import au, emotion_wheel
from rewards.scorers.tree import edges, expression, leaf, root, structure, tree_edit

__all__ = [
    "au",
    "caption",
    "caption_tree",
    "edges",
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
