"""Losses against hand-computed examples and OpenRLHF's own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rewards.plugins.spec import FunctionSpec, PluginError
from rl.algo.losses import correction_weights, grpo_loss, pad_tokens, supervised_loss
from rl.algo.objective import POLICY_LOSSES, Objective, Totals
from rl.algo.openrlhf import PolicyLoss
from rl.algo.policy_losses import LOSSES, PolicyTokens, Reported, cispo, gspo, policy_loss, ppo
from rl.config.schema import GrpoConfig

OBJECTIVE = GrpoConfig(clip_low=0.2, clip_high=0.2, kl=0.0, kl_estimator="k3", token_level_loss=False, correction="off")


def objective(**changes: object) -> GrpoConfig:
    return replace(OBJECTIVE, **changes)  # type: ignore[arg-type]


def test_a_config_is_checked_by_the_names_that_there_are() -> None:
    assert tuple(LOSSES) == POLICY_LOSSES


def test_tokens_are_padded_by_sequence() -> None:
    padded, mask = pad_tokens(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 0, 1]), 2)
    assert padded.tolist() == [[1, 2], [3, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]


def test_on_policy_grpo_is_the_policy_gradient() -> None:
    log_probs = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
    advantages = torch.tensor([1.0, -2.0])
    owner = torch.tensor([0, 0, 1])
    terms = grpo_loss(log_probs, log_probs.detach(), None, advantages[owner], owner, ppo, OBJECTIVE, Totals(2, 3, 1))
    terms.loss.backward()
    # mean over sequences of the mean over tokens of A: the ratio is 1
    assert terms.loss.item() == pytest.approx(-(1.0 - 2.0) / 2)
    assert log_probs.grad.tolist() == pytest.approx([-1 / 4, -1 / 4, 2 / 2])


def test_the_clip_stops_the_gradient() -> None:
    log_probs = torch.tensor([math.log(1.5), math.log(0.5)], requires_grad=True)
    terms = grpo_loss(
        log_probs, torch.zeros(2), None, torch.tensor([1.0, -1.0]), torch.tensor([0, 1]), ppo, OBJECTIVE, Totals(2, 2, 1)
    )
    terms.loss.backward()
    assert log_probs.grad.tolist() == [0.0, 0.0]
    assert terms.loss.item() == pytest.approx(-(1.2 - 0.8) / 2)
    assert terms.sums["clip_share"] == 2.0


def test_the_kl_term_is_k3() -> None:
    now, reference = torch.tensor([-1.0]), torch.tensor([-1.5])
    spec = objective(kl=0.1)
    terms = grpo_loss(now, now, reference, torch.tensor([0.0]), torch.tensor([0]), ppo, spec, Totals(1, 1, 1))
    k3 = math.exp(-0.5) - 1 + 0.5
    assert terms.sums["kl"] == pytest.approx(k3)
    assert terms.loss.item() == pytest.approx(0.1 * k3)


def test_losses_do_not_depend_on_how_a_step_is_split() -> None:
    torch.manual_seed(0)
    values, owner = -torch.rand(7), torch.tensor([0, 0, 0, 1, 1, 2, 2])
    advantages = torch.tensor([0.5, -1.0, 2.0])
    for spec in (OBJECTIVE, objective(token_level_loss=True)):
        totals = Totals(3, 7, 1)
        whole = grpo_loss(values, values, None, advantages[owner], owner, ppo, spec, totals).loss
        first = grpo_loss(values[:3], values[:3], None, advantages[owner[:3]], owner[:3], ppo, spec, totals).loss
        rest = grpo_loss(values[3:], values[3:], None, advantages[owner[3:]], owner[3:] - 1, ppo, spec, totals).loss
        assert (first + rest).item() == pytest.approx(whole.item(), rel=1e-6)
    whole = supervised_loss(values, owner, 3, Totals(3, 7, 1))
    assert whole.item() == pytest.approx(-values.mean().item(), rel=1e-6)


def random_tokens() -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    owner = torch.repeat_interleave(torch.arange(4), torch.tensor([3, 5, 1, 4]))
    old = -2 * torch.rand(13, generator=generator)
    now = (old + 0.4 * torch.randn(13, generator=generator)).requires_grad_()
    rollout = old + 0.5 * torch.randn(13, generator=generator)
    return now, old, rollout, torch.randn(4, generator=generator)[owner], owner


def test_cispo_by_hand() -> None:
    now = torch.tensor([math.log(0.9), math.log(0.3)], requires_grad=True)
    old, owner = torch.tensor([math.log(0.45), math.log(0.3)]), torch.tensor([0, 1])
    terms = grpo_loss(now, old, None, torch.tensor([1.0, -2.0]), owner, cispo, OBJECTIVE, Totals(2, 2, 1))
    terms.loss.backward()
    assert terms.loss.item() == pytest.approx(-(1.2 * 1.0 * math.log(0.9) + 1.0 * -2.0 * math.log(0.3)) / 2)
    assert now.grad.tolist() == pytest.approx([-1.2 / 2, 2.0 / 2])  # the clipped token keeps its gradient
    assert terms.sums["clip_share"] == 1


def test_gspo_by_hand() -> None:
    now = torch.tensor([math.log(1.4), 0.0], requires_grad=True)
    terms = grpo_loss(now, torch.zeros(2), None, torch.ones(2), torch.tensor([0, 0]), gspo, OBJECTIVE, Totals(1, 2, 1))
    assert terms.loss.item() == pytest.approx(-math.sqrt(1.4))  # the sequence's geometric mean, within the clip


@pytest.mark.parametrize(
    ("ours", "level", "mode", "bounds"),
    [
        ("truncate", "token", "clip", (0.0, 1.3)),
        ("mask_token", "token", "mask", (0.8, 1.3)),
        ("mask_sequence", "seq", "mask", (0.8, 1.3)),
    ],
)
def test_corrections_equal_openrlhfs(ours: str, level: str, mode: str, bounds: tuple[float, float]) -> None:
    now, old, rollout, advantages, owner = random_tokens()
    chosen = objective(correction=ours, correction_low=0.8, correction_high=1.3, token_level_loss=True)
    found = grpo_loss(now, old, None, advantages, owner, ppo, chosen, Totals(4, 13, 1), rollout).loss
    padded = [pad_tokens(values, owner, 4)[0] for values in (now, old, advantages, rollout)]
    mask = pad_tokens(now, owner, 4)[1]
    theirs = PolicyLoss(0.2, 0.2, is_correction_level=level, is_correction_mode=mode, is_correction_threshold=list(bounds))
    expected = theirs(padded[0], padded[1], padded[2], mask, padded[3], batch_num_tokens=13)[0]
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_correction_by_hand() -> None:
    old, rollout = torch.log(torch.tensor([[0.6, 0.1]])), torch.log(torch.tensor([[0.2, 0.1]]))
    mask = torch.ones(1, 2)
    weights, outside = correction_weights(old, rollout, mask, objective(correction="truncate", correction_high=2.0))
    assert (weights.tolist(), outside.tolist()) == ([[2.0, pytest.approx(1.0)]], [[1.0, 0.0]])
    weights, _ = correction_weights(old, rollout, mask, objective(correction="mask_token", correction_high=2.0))
    assert weights.tolist() == [[0.0, pytest.approx(1.0)]]
    weights, _ = correction_weights(old, rollout, mask, objective(correction="mask_sequence", correction_high=2.0))
    assert weights.tolist() == [[pytest.approx(3.0), pytest.approx(1.0)]]  # sqrt(3) lies within the bounds


def test_kl_in_the_reward_leaves_the_loss_alone() -> None:
    now, old, rollout, advantages, owner = random_tokens()
    totals = Totals(4, 13, 1)
    without = grpo_loss(now, old, None, advantages, owner, ppo, OBJECTIVE, totals).loss
    within = grpo_loss(now, old, rollout, advantages, owner, ppo, objective(kl=0.5, kl_in="reward"), totals)
    assert within.loss.item() == without.item()
    assert within.sums["kl"] != 0
    assert grpo_loss(now, old, rollout, advantages, owner, ppo, objective(kl=0.5), totals).loss.item() != without.item()


def test_a_loss_does_not_report_by_a_name_that_is_taken() -> None:
    def own(tokens: PolicyTokens, objective: Objective) -> tuple[torch.Tensor, Reported]:
        return tokens.mean(tokens.log_probs), {"clip_share": 0.0, "tokens": 5.0}

    now, old, _, advantages, owner = random_tokens()
    with pytest.raises(ValueError, match="the policy loss reports tokens, which the learner reports itself"):
        grpo_loss(now, old, None, advantages, owner, own, OBJECTIVE, Totals(4, 13, 1))


@pytest.mark.parametrize("returned", ["1.0", "torch.ones(())", "(torch.ones(2), {})", "(1.0, {})", "(torch.ones(()), 3)", "None"])
def test_a_loss_of_ones_own_that_returns_something_else_is_told(tmp_path: Path, returned: str) -> None:
    file = tmp_path / "own.py"
    file.write_text(f"import torch\ndef wrong(tokens, objective):\n    return {returned}\n"
                    "def right(tokens, objective):\n    return torch.ones(()), {'clip_share': torch.ones(())}\n")  # fmt: skip
    tokens = PolicyTokens(*[torch.ones(1, 1)] * 4, Totals(1, 1, 1), token_level=True)
    assert policy_loss(FunctionSpec(f"{file}:right"))(tokens, OBJECTIVE)[0] == 1.0
    with pytest.raises(PluginError, match=r"own.py:wrong' failed: TypeError: it must return the loss, a scalar tensor, and"):
        policy_loss(FunctionSpec(f"{file}:wrong"))(tokens, OBJECTIVE)
