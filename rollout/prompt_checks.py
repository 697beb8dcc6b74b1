"""What has to hold of a prompt before and after an engine is asked."""

from __future__ import annotations

import numpy as np

from rewards.errors import UserError
from rollout.samples import Prompt


class PromptMismatch(UserError):
    """Engine and trainer disagree about what was asked."""


class PromptTooLong(UserError):
    """A question with its clips fills all that the engines keep of a prompt and its completion."""


def check_prompt_fits(prompt: Prompt, max_model_len: int) -> None:
    """Raise `PromptTooLong` unless at least one token can be drawn after the prompt."""
    tokens = len(prompt.encoded.ids)
    if tokens >= max_model_len:
        files = ", ".join(medium.path for medium in prompt.row.media) or "no media"
        raise PromptTooLong(
            f"prompt {prompt.key} ({files}) has {tokens} tokens, and rollout.max_model_len = {max_model_len} has to hold it with "
            "its completion; raise it, or lower data.max_frames or data.max_pixels"
        )


def check_prompt_ids(prompt: Prompt, written: np.ndarray, theirs: np.ndarray) -> None:
    """Compare the prompt that an engine saw with the trainer's.

    Args:
        prompt: what was asked.
        written: tokens that the completion was to begin with, int64 (k,).
        theirs: the expanded prompt as the engine reports it, `written` included, int64 (n + k,).

    Raises:
        PromptMismatch: if they differ in any token.
    """
    ours = np.concatenate([prompt.encoded.ids, written])
    if not np.array_equal(theirs, ours):
        shared = min(len(ours), len(theirs))
        differ = np.flatnonzero(ours[:shared] != theirs[:shared])
        first = int(differ[0]) if len(differ) else shared
        files = ", ".join(medium.path for medium in prompt.row.media)
        raise PromptMismatch(
            f"prompt {prompt.key} ({files}): the engine saw {len(theirs)} tokens, the "
            f"trainer has {len(ours)}; they part at token {first}. Engine and trainer must use one processor."
        )
