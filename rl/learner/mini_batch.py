"""What one optimizer step learns from, on one rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from rl.algo.objective import Totals
from rl.learner.micro_batches import MicroBatch


@dataclass(frozen=True)
class MiniBatch:
    """What one optimizer step learns from, on this rank."""

    rows: list[MicroBatch]
    """Its micro-batches. The `members` of their rows are places in the lists below."""
    totals: Totals
    advantages: list[np.ndarray]
    """For each reply, the advantages of its tokens, float32 (k,)."""
    recorded: list[np.ndarray]
    """For each reply, the log-probs that the engine recorded, float32 (k,)."""
    old: list[torch.Tensor] | None
    """For each reply, log-probs under the weights that the update began with, float32 (k,); None as long as
    those are the present ones."""
    reference: list[torch.Tensor] | None
    """For each reply, log-probs under the frozen reference, float32 (k,); None without a KL term."""
