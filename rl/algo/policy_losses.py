"""Policy losses: `grpo.loss`, by name or from a file of one's own, with `grpo.loss_parameters`.

A policy loss is a function `loss(tokens: PolicyTokens, objective: Objective, **parameters)`. It returns the loss, a scalar with a
gradient, and what to report: name -> sum over the micro-batch's tokens, the same names at every call. The run shows each as
`learner/<name>`, divided by the tokens of the update. `clip_share` counts the tokens whose gradient is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from rewards.plugins.faults import telling
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec
from rl.algo.objective import Objective, Totals
from rl.algo.openrlhf import PolicyLoss, aggregate_loss


@dataclass(frozen=True)
class PolicyTokens:
    """A micro-batch as a policy loss sees it: float32 (sequences, longest) each, right-padded."""

    log_probs: torch.Tensor
    """Log-probs under the policy, with gradient."""
    old_log_probs: torch.Tensor
    """Log-probs under the weights that the update started from."""
    advantages: torch.Tensor
    """Advantage of each token, times its importance weight where `grpo.correction` is set."""
    mask: torch.Tensor
    """1 for tokens, 0 for padding."""
    totals: Totals
    token_level: bool
    """Average over all tokens of the step; else over each sequence's tokens, then over sequences."""

    def mean(self, losses: torch.Tensor) -> torch.Tensor:
        """This micro-batch's share of the step's mean of (sequences, longest) losses, as `token_level` says."""
        mean: torch.Tensor = aggregate_loss(losses, self.mask, token_level_loss=self.token_level, **self.sizes())
        return mean

    def sizes(self) -> dict[str, int]:
        """The step's totals, in OpenRLHF's names."""
        totals = self.totals
        return {"dp_size": totals.ranks, "batch_num_tokens": totals.tokens, "global_batch_size": totals.sequences}


Reported = Mapping[str, Any]
"""Name -> sum over the micro-batch's tokens: a number or a scalar tensor."""
PolicyLossFunction = Callable[[PolicyTokens, Objective], tuple[torch.Tensor, Reported]]


def ppo(tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
    """-min(r A, clip(r, 1 - eps_low, 1 + eps_high) A), as VidEmo has it (section 3.2); `dual_clip` as in arXiv 1912.09729."""
    return _by_openrlhf("ppo", tokens, objective)


def gspo(tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
    """`ppo` with the sequence's mean ratio in place of the token's (GSPO, arXiv 2507.18071)."""
    return _by_openrlhf("gspo", tokens, objective)


def cispo(tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
    """-sg(clip(r, 1 - eps_low, 1 + eps_high)) A log pi (CISPO, arXiv 2506.13585, Eq. 4)."""
    ratio = (tokens.log_probs - tokens.old_log_probs).detach().clamp(-20.0, 20.0).exp()
    weight = ratio.clamp(1 - objective.clip_low, 1 + objective.clip_high)
    loss = tokens.mean(-weight * tokens.advantages * tokens.log_probs)
    return loss, {"clip_share": ((weight != ratio) * tokens.mask).sum()}


LOSSES: dict[str, Callable[..., tuple[torch.Tensor, Reported]]] = {"ppo": ppo, "gspo": gspo, "cispo": cispo}


def policy_loss(spec: FunctionSpec) -> PolicyLossFunction:
    """A loss by name or from a file. Raises `PluginError` if it cannot be found or does not take the parameters; one of the
    user's own also where it fails or returns something else."""
    function = load_function("policy loss", spec, LOSSES, given=("tokens", "objective"))

    def checked(tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
        match function(tokens, objective):
            case torch.Tensor(shape=()) as loss, Mapping() as reported:
                return loss, reported
        raise TypeError("it must return the loss, a scalar tensor, and a mapping of what to report")

    return function if spec.target in LOSSES else telling("policy loss", spec, checked)


def _by_openrlhf(kind: str, tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
    loss_of = PolicyLoss(
        objective.clip_low,
        objective.clip_high,
        objective.dual_clip,
        token_level_loss=tokens.token_level,
        policy_loss_type=kind,
    )
    loss, clip_share, _, _, _ = loss_of(tokens.log_probs, tokens.old_log_probs, tokens.advantages, tokens.mask, **tokens.sizes())
    return loss, {"clip_share": clip_share * tokens.mask.sum()}
