"""What one optimizer step learns from, on one rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from rl.algo.objective import Totals
from rl.learner.batch import PackedRow


@dataclass(frozen=True)
class MiniBatch:
    """What one optimizer step learns from, on this rank."""

    rows: list[list[PackedRow]]
    """Of each micro-batch; their members are places in the lists below."""
    totals: Totals
    advantages: list[np.ndarray]
    """Each reply's tokens', float32 (k,)."""
    recorded: list[np.ndarray]
    """The engine's log-probs, float32 (k,)."""
    old: list[torch.Tensor] | None
    """Log-probs under the weights that the rollout's learning began with; None if these are the present ones."""
    reference: list[torch.Tensor] | None
    """Log-probs under the frozen reference; None without a KL term."""
