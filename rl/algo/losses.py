"""The loss of a micro-batch: supervised, and GRPO with its correction and KL term. Policy losses: `rl/algo/policy_losses.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from rl.algo.objective import Objective, Totals
from rl.algo.openrlhf import aggregate_loss, compute_approx_kl
from rl.algo.policy_losses import PolicyLossFunction, PolicyTokens


def pad_tokens(values: torch.Tensor, sequence_of: torch.Tensor, sequences: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat reply tokens (N,) -> ((sequences, longest), mask of the same shape); padding is 0."""
    counts = torch.bincount(sequence_of, minlength=sequences)
    starts = counts.cumsum(0) - counts
    column = torch.arange(len(sequence_of), device=values.device) - starts[sequence_of]
    shape = (sequences, int(counts.max()))
    mask = torch.zeros(shape, device=values.device).index_put((sequence_of, column), torch.ones_like(values))
    return torch.zeros(shape, device=values.device).index_put((sequence_of, column), values), mask


def supervised_loss(
    log_probs: torch.Tensor, sequence_of: torch.Tensor, sequences: int, totals: Totals, token_level: bool = True
) -> torch.Tensor:
    """The mean negative log-likelihood: this micro-batch's share of the step's.

    Args:
        log_probs: under the policy, with gradient, (N,) over the reply tokens of all sequences.
        sequence_of: which sequence each token belongs to, (N,).
        sequences: their number in this micro-batch.
        totals: sizes of the whole step.
        token_level: average over all tokens of the step; else over each sequence's tokens, then over sequences.
    """
    padded, mask = pad_tokens(log_probs, sequence_of, sequences)
    loss: torch.Tensor = aggregate_loss(
        -padded,
        mask,
        token_level_loss=token_level,
        dp_size=totals.ranks,
        batch_num_tokens=totals.tokens,
        global_batch_size=totals.sequences,
    )
    return loss


RESERVED = frozenset(
    ("tokens", "corrected", "corrected_share", "kl", "loss", "entropy", "gradient_norm", "learning_rate", "seconds", "diff")
)
"""Names that a policy loss may not report by: the learner does."""


@dataclass(frozen=True)
class GrpoTerms:
    """The loss of one micro-batch, and what to report of it."""

    loss: torch.Tensor
    sums: Mapping[str, float]
    """Sums over the micro-batch's tokens, to be divided by those of the whole update."""


def grpo_loss(
    log_probs: torch.Tensor,
    old_log_probs: torch.Tensor,
    reference_log_probs: torch.Tensor | None,
    advantages: torch.Tensor,
    sequence_of: torch.Tensor,
    policy_loss: PolicyLossFunction,
    objective: Objective,
    totals: Totals,
    rollout_log_probs: torch.Tensor | None = None,
) -> GrpoTerms:
    """The policy loss of corrected advantages plus beta KL(pi || pi_ref) (VidEmo, section 3.2).

    Args:
        log_probs: under the policy, with gradient, (N,) over the reply tokens of all sequences.
        old_log_probs: under the weights that the update started from, (N,).
        reference_log_probs: under the frozen reference, (N,), or None without a KL term.
        advantages: one for each token, (N,).
        sequence_of: which sequence each token belongs to, (N,).
        policy_loss: the loss without the KL term, such as `ppo`.
        objective: constants of the loss.
        totals: sizes of the whole step.
        rollout_log_probs: what the engine recorded, (N,); needed for a correction.
    """
    count = int(sequence_of[-1]) + 1
    now, mask = pad_tokens(log_probs, sequence_of, count)
    old, _ = pad_tokens(old_log_probs, sequence_of, count)
    gain, _ = pad_tokens(advantages, sequence_of, count)
    sums = {"tokens": float(mask.sum())}
    if objective.correction != "off":
        if rollout_log_probs is None:
            raise ValueError(f"correction {objective.correction} needs the log-probs that the engine recorded")
        recorded, _ = pad_tokens(rollout_log_probs, sequence_of, count)
        weights, outside = correction_weights(old, recorded, mask, objective)
        gain = gain * weights
        sums["corrected"] = float(outside.sum())
    tokens = PolicyTokens(now, old, gain, mask, totals, objective.token_level_loss)
    loss, reported = policy_loss(tokens, objective)
    if taken := sorted(reported.keys() & RESERVED):
        raise ValueError(f"the policy loss reports {', '.join(taken)}, which the learner reports itself; use other names")
    sums |= {name: float(total) for name, total in reported.items()}
    if reference_log_probs is not None and objective.kl > 0:
        kl = compute_approx_kl(log_probs, reference_log_probs, kl_estimator=objective.kl_estimator)
        sums["kl"] = float(kl.detach().sum())
        if objective.kl_in == "loss":
            loss = loss + objective.kl * tokens.mean(pad_tokens(kl, sequence_of, count)[0])
    return GrpoTerms(loss, sums)


def sample_kl(log_probs: torch.Tensor, reference_log_probs: torch.Tensor, estimator: str) -> float:
    """KL of a whole sample from the reference, summed over its tokens; both (k,)."""
    return float(compute_approx_kl(log_probs, reference_log_probs, kl_estimator=estimator).sum())


def correction_weights(
    old_log_probs: torch.Tensor, rollout_log_probs: torch.Tensor, mask: torch.Tensor, objective: Objective
) -> tuple[torch.Tensor, torch.Tensor]:
    """Importance weights pi_learner / pi_engine for what the engine sampled, all (sequences, longest).

    `truncate`: min(w, high) (truncated importance sampling). `mask_token`: w within [low, high], else 0 (IcePop).
    `mask_sequence`: w, where the sequence's geometric mean lies within [low, high], else 0.

    Returns:
        (weights, 1 for each token that was changed).
    """
    difference = (old_log_probs - rollout_log_probs).detach() * mask
    ratio = difference.clamp(-20.0, 20.0).exp()
    if objective.correction == "truncate":
        return ratio.clamp(max=objective.correction_high), (ratio > objective.correction_high) * mask
    judged = ratio
    if objective.correction == "mask_sequence":
        judged = (difference.sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)).exp().expand_as(ratio)
    kept = (judged >= objective.correction_low) & (judged <= objective.correction_high)
    return ratio * kept, ~kept * mask
