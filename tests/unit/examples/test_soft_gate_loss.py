"""The example of a loss, taken as a config takes it."""

from __future__ import annotations

import math

import pytest
import torch

from rewards.plugins.spec import FunctionSpec
from rl.algo.objective import Totals
from rl.algo.policy_losses import PolicyTokens, policy_loss
from rl.config.schema import GrpoConfig

LOSS = "examples/soft_gate_loss.py:soft_gate"


def tokens(ratio: float, advantage: float) -> PolicyTokens:
    now = torch.tensor([[math.log(ratio)]], requires_grad=True)
    gain = torch.tensor([[advantage]])
    return PolicyTokens(now, torch.zeros(1, 1), gain, torch.ones(1, 1), Totals(1, 1, 1), token_level=True)


def test_on_policy_it_is_the_policy_gradient() -> None:
    at = tokens(1.0, 2.0)
    loss, reported = policy_loss(FunctionSpec(LOSS))(at, GrpoConfig())
    loss.backward()
    assert at.log_probs.grad is not None
    assert at.log_probs.grad.item() == pytest.approx(-2.0)
    assert {name: float(total) for name, total in reported.items()} == {"clip_share": 0.0, "faded_share": 0.0}


def test_far_away_the_gradient_fades_by_the_constant_of_its_sign() -> None:
    for advantage, steepness in ((1.0, 2.0), (-1.0, 3.0)):
        at = tokens(2.0, advantage)
        loss, reported = policy_loss(FunctionSpec(LOSS, {"positive": 2.0, "negative": 3.0}))(at, GrpoConfig())
        loss.backward()
        gate = 1 / (1 + math.exp(-steepness))
        assert at.log_probs.grad is not None
        assert at.log_probs.grad.item() == pytest.approx(-advantage * 4 * gate * (1 - gate) * 2.0)
        assert float(reported["faded_share"]) == 1.0
