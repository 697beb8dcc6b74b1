"""Losses over reply tokens: supervised tuning, and GRPO by OpenRLHF's policy loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rl.learner_spec import GrpoSpec, Totals
from rl.openrlhf_adapter import PolicyLoss, aggregate_loss, compute_approx_kl


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
    """Mean negative log-likelihood over the step's tokens (or over its sequences)."""
    padded, mask = pad_tokens(log_probs, sequence_of, sequences)
    return aggregate_loss(
        -padded,
        mask,
        token_level_loss=token_level,
        dp_size=totals.ranks,
        batch_num_tokens=totals.tokens,
        global_batch_size=totals.sequences,
    )


@dataclass(frozen=True)
class GrpoTerms:
    """The loss of one micro-batch and what to report of it; metrics are sums over tokens, to be divided later."""

    loss: torch.Tensor
    sums: dict[str, float]


def grpo_loss(
    log_probs: torch.Tensor,
    old_log_probs: torch.Tensor,
    reference_log_probs: torch.Tensor | None,
    advantages: torch.Tensor,
    sequence_of: torch.Tensor,
    spec: GrpoSpec,
    totals: Totals,
) -> GrpoTerms:
    """J = E[1/G sum_i 1/|o_i| sum_t min(r A, clip(r, 1-eps, 1+eps) A)] - beta KL(pi || pi_ref), negated.

    Args:
        log_probs: of the policy, with gradient, (N,) over the reply tokens of all sequences.
        old_log_probs: of the weights that the update started from, (N,).
        reference_log_probs: of the frozen reference, (N,), or None without a KL term.
        advantages: one for each sequence, (B,).
        sequence_of: which sequence each token belongs to, (N,).
        spec: the objective's constants.
        totals: sizes of the whole step.
    """
    count = len(advantages)
    now, mask = pad_tokens(log_probs, sequence_of, count)
    old, _ = pad_tokens(old_log_probs, sequence_of, count)
    policy_loss = PolicyLoss(spec.clip_low, spec.clip_high, token_level_loss=spec.token_level)
    sizes = {"dp_size": totals.ranks, "batch_num_tokens": totals.tokens, "global_batch_size": totals.sequences}
    loss, clip_share, _, _, _ = policy_loss(now, old, advantages[:, None].expand_as(now), mask, **sizes)
    tokens = float(mask.sum())
    sums = {"tokens": tokens, "clip_share": float(clip_share) * tokens}
    if reference_log_probs is not None and spec.kl > 0:
        kl = compute_approx_kl(log_probs, reference_log_probs, kl_estimator=spec.kl_estimator)
        padded, _ = pad_tokens(kl, sequence_of, count)
        loss = loss + spec.kl * aggregate_loss(padded, mask, token_level_loss=spec.token_level, **sizes)
        sums["kl"] = float(kl.detach().sum())
    return GrpoTerms(loss, sums)
