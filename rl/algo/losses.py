"""Losses over reply tokens: supervised tuning, and GRPO by OpenRLHF's policy loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rl.algo.objective import GrpoSpec, Totals
from rl.algo.openrlhf import PolicyLoss, aggregate_loss, compute_approx_kl


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
    rollout_log_probs: torch.Tensor | None = None,
) -> GrpoTerms:
    """J = E[1/G sum_i 1/|o_i| sum_t min(r A, clip(r, 1-eps, 1+eps) A)] - beta KL(pi || pi_ref), negated.

    That is `ppo`, as VidEmo has it (section 3.2). `gspo` has the sequence's mean ratio in place of the token's
    (arXiv 2507.18071), `cispo` weighs log-probs by the clipped ratio (arXiv 2506.13585, Eq. 4).

    Args:
        log_probs: of the policy, with gradient, (N,) over the reply tokens of all sequences.
        old_log_probs: of the weights that the update started from, (N,).
        reference_log_probs: of the frozen reference, (N,), or None without a KL term.
        advantages: of each token, (N,).
        sequence_of: which sequence each token belongs to, (N,).
        spec: the objective's constants.
        totals: sizes of the whole step.
        rollout_log_probs: what the engine recorded, (N,); needed for a correction.
    """
    count = int(sequence_of[-1]) + 1
    now, mask = pad_tokens(log_probs, sequence_of, count)
    old, _ = pad_tokens(old_log_probs, sequence_of, count)
    gain, _ = pad_tokens(advantages, sequence_of, count)
    tokens = float(mask.sum())
    sums = {"tokens": tokens}
    if spec.correction != "off":
        assert rollout_log_probs is not None
        recorded, _ = pad_tokens(rollout_log_probs, sequence_of, count)
        weights, outside = correction_weights(old, recorded, mask, spec)
        gain = gain * weights
        sums["corrected"] = float(outside.sum())
    sizes = {"dp_size": totals.ranks, "batch_num_tokens": totals.tokens, "global_batch_size": totals.sequences}
    if spec.loss == "cispo":
        loss, clipped = cispo_loss(now, old, gain, mask, spec, sizes)
    else:
        policy_loss = PolicyLoss(
            spec.clip_low, spec.clip_high, spec.dual_clip, token_level_loss=spec.token_level, policy_loss_type=spec.loss
        )
        loss, clip_share, _, _, _ = policy_loss(now, old, gain, mask, **sizes)
        clipped = clip_share * tokens
    sums["clip_share"] = float(clipped)
    if reference_log_probs is not None and spec.kl > 0:
        kl = compute_approx_kl(log_probs, reference_log_probs, kl_estimator=spec.kl_estimator)
        sums["kl"] = float(kl.detach().sum())
        if spec.kl_in == "loss":
            padded, _ = pad_tokens(kl, sequence_of, count)
            loss = loss + spec.kl * aggregate_loss(padded, mask, token_level_loss=spec.token_level, **sizes)
    return GrpoTerms(loss, sums)


def cispo_loss(
    log_probs: torch.Tensor,
    old_log_probs: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    spec: GrpoSpec,
    sizes: dict[str, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """-sg(clip(r, 1 - eps_low, 1 + eps_high)) A log pi, all (sequences, longest). Returns (loss, clipped tokens)."""
    ratio = (log_probs - old_log_probs).detach().clamp(-20.0, 20.0).exp()
    weight = ratio.clamp(1 - spec.clip_low, 1 + spec.clip_high)
    loss = aggregate_loss(-weight * advantages * log_probs, mask, token_level_loss=spec.token_level, **sizes)
    return loss, ((weight != ratio) * mask).sum()


def correction_weights(
    old_log_probs: torch.Tensor, rollout_log_probs: torch.Tensor, mask: torch.Tensor, spec: GrpoSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """Importance weights pi_learner / pi_engine for what the engine sampled, all (sequences, longest).

    `truncate`: min(w, high) (truncated importance sampling). `mask_token`: w within [low, high], else 0 (IcePop).
    `mask_sequence`: w, where the sequence's geometric mean lies within [low, high], else 0.

    Returns:
        (weights, 1 for each token that was changed).
    """
    difference = (old_log_probs - rollout_log_probs).detach() * mask
    ratio = difference.clamp(-20.0, 20.0).exp()
    if spec.correction == "truncate":
        return ratio.clamp(max=spec.correction_high), (ratio > spec.correction_high) * mask
    judged = ratio
    if spec.correction == "mask_sequence":
        judged = (difference.sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)).exp().expand_as(ratio)
    kept = (judged >= spec.correction_low) & (judged <= spec.correction_high)
    return ratio * kept, ~kept * mask
