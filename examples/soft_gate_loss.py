"""A policy loss of one's own, with constants of its own: `grpo.loss=examples/soft_gate_loss.py:soft_gate`.

The gradient is not cut off at a clip range; it fades with the distance of the ratio from 1 (SAPO, arXiv 2511.20347).
Set the constants by `grpo.loss_parameters={negative: 1.1}`.
"""

import torch

from rl.algo.objective import Objective
from rl.algo.policy_losses import PolicyTokens, Reported


def soft_gate(
    tokens: PolicyTokens, objective: Objective, positive: float = 1.0, negative: float = 1.05
) -> tuple[torch.Tensor, Reported]:
    """-f(r) A with f(r) = sigmoid(t (r - 1)) 4 / t, where t is `positive` or `negative` as the advantage is."""
    ratio = (tokens.log_probs - tokens.old_log_probs).clamp(-20.0, 20.0).exp()
    steepness = torch.where(tokens.advantages > 0, positive, negative)
    gate = torch.sigmoid(steepness * (ratio - 1)) * 4 / steepness
    faded = 4 * torch.sigmoid(steepness * (ratio - 1)) * torch.sigmoid(-steepness * (ratio - 1)) < 0.9
    outside = (ratio < 1 - objective.clip_low) | (ratio > 1 + objective.clip_high)
    reported = {"clip_share": (outside * tokens.mask).sum(), "faded_share": (faded * tokens.mask).sum()}
    return tokens.mean(-gate * tokens.advantages), reported
