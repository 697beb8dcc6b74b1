"""What a GRPO update reports: sums over a rollout as it is learned from, and their means at its end."""

from __future__ import annotations

from collections.abc import Mapping

import torch


class UpdateSums:
    """One rank's sums."""

    def __init__(self) -> None:
        keys = ("tokens", "clip_share", "corrected", "kl", "loss", "entropy", "diff", "diff_tokens")
        self.values = dict.fromkeys(keys, 0.0)
        self.largest_diff = 0.0

    def add(self, sums: Mapping[str, float], **more: float) -> None:
        for key, value in {**sums, **more}.items():
            self.values[key] += value

    def add_difference(self, difference: torch.Tensor) -> None:
        """Absolute differences between learner and engine, of any shape."""
        self.add({"diff": float(difference.sum()), "diff_tokens": float(difference.numel())})
        self.largest_diff = max(self.largest_diff, float(difference.max()))


def update_means(sums: Mapping[str, float], steps: int) -> dict[str, float]:
    """Means over a rollout's tokens, and of the loss over its optimizer steps.

    Args:
        sums: `UpdateSums.values`, added up over all ranks.
        steps: optimizer steps, in all epochs.
    """
    tokens = max(1.0, sums["tokens"])
    return {
        "loss": sums["loss"] / steps,
        "kl": sums["kl"] / tokens,
        "clip_share": sums["clip_share"] / tokens,
        "corrected_share": sums["corrected"] / tokens,
        "entropy": sums["entropy"] / tokens,
        "logprob_diff_mean": sums["diff"] / max(1.0, sums["diff_tokens"]),
        "tokens": sums["tokens"],
    }
