"""What a GRPO update reports: sums over a rollout as it is learned from, and their means at its end."""

from __future__ import annotations

from collections.abc import Mapping

import torch

DIFFERENCES = (1e-3, 1e-2, 1e-1, 1.0)
"""Tokens whose log-probs differ by more than each of these between learner and engine are counted."""


class UpdateSums:
    """Sums of one rank over a rollout, by name."""

    def __init__(self) -> None:
        self.values = dict.fromkeys((*_OF_STEPS, *_OF_TOKENS), 0.0)
        self.largest_diff = 0.0

    def add(self, sums: Mapping[str, float], **more: float) -> None:
        """Add to sums by name; a loss may bring names of its own."""
        for key, value in {**sums, **more}.items():
            self.values[key] = self.values.get(key, 0.0) + value

    def add_difference(self, difference: torch.Tensor) -> None:
        """Add absolute differences of log-probs between learner and engine; a tensor of any shape."""
        self.add({"diff": float(difference.sum()), "diff_tokens": float(difference.numel())})
        self.add({_over(limit): float((difference > limit).sum()) for limit in DIFFERENCES})
        self.largest_diff = max(self.largest_diff, float(difference.max()))


def update_means(sums: Mapping[str, float], steps: int) -> dict[str, float]:
    """Means over a rollout's tokens, and of the loss over its optimizer steps.

    Args:
        sums: `UpdateSums.values`, added up over all ranks.
        steps: optimizer steps, in all epochs.
    """
    tokens, compared = max(1.0, sums["tokens"]), max(1.0, sums["diff_tokens"])
    own = sums.keys() - _OF_STEPS - _OF_COMPARED - {"tokens"}
    return {
        "loss": sums["loss"] / steps,
        "logprob_diff_mean": sums["diff"] / compared,
        **{f"logprob_diff_over/{limit:g}": sums[_over(limit)] / compared for limit in DIFFERENCES},
        **{_SHOWN_AS.get(name, name): sums[name] / tokens for name in sorted(own)},
        "tokens": sums["tokens"],
    }


def _over(limit: float) -> str:
    return f"diff_over_{limit:g}"


_OF_STEPS = {"loss"}
_OF_COMPARED = {"diff", "diff_tokens", *map(_over, DIFFERENCES)}
_OF_TOKENS = {"tokens", "clip_share", "corrected", "kl", "entropy", *_OF_COMPARED}
_SHOWN_AS = {"corrected": "corrected_share"}
