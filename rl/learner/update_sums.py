"""What a GRPO update reports: sums over a rollout as it is learned from, and their means at its end."""

from __future__ import annotations

from collections.abc import Mapping

import torch

DIFFERENCES = (1e-3, 1e-2, 1e-1, 1.0)
"""Of log-probs between learner and engine, above which tokens are counted."""


class UpdateSums:
    """One rank's sums."""

    def __init__(self) -> None:
        keys = ("tokens", "clip_share", "corrected", "kl", "loss", "entropy", "diff", "diff_tokens", *map(_over, DIFFERENCES))
        self.values = dict.fromkeys(keys, 0.0)
        self.largest_diff = 0.0

    def add(self, sums: Mapping[str, float], **more: float) -> None:
        for key, value in {**sums, **more}.items():
            self.values[key] += value

    def add_difference(self, difference: torch.Tensor) -> None:
        """Absolute differences between learner and engine, of any shape."""
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
    return {
        "loss": sums["loss"] / steps,
        "kl": sums["kl"] / tokens,
        "clip_share": sums["clip_share"] / tokens,
        "corrected_share": sums["corrected"] / tokens,
        "entropy": sums["entropy"] / tokens,
        "logprob_diff_mean": sums["diff"] / compared,
        **{f"logprob_diff_over/{limit:g}": sums[_over(limit)] / compared for limit in DIFFERENCES},
        "tokens": sums["tokens"],
    }


def _over(limit: float) -> str:
    return f"diff_over_{limit:g}"
