"""Advantages, schedules and losses against hand-computed examples."""

import math

import pytest
import torch

from rl.advantages import group_advantages
from rl.learner_spec import GrpoSpec, Totals
from rl.losses import grpo_loss, pad_tokens, supervised_loss
from rl.schedules import cosine

SPEC = GrpoSpec(clip_low=0.2, clip_high=0.2, kl=0.0, kl_estimator="k3", token_level=False)


def test_advantages_by_hand() -> None:
    scale = math.sqrt(((1 - 0.5) ** 2 + 0.5**2) / 1) + 1e-4  # unbiased: divided by n - 1
    assert group_advantages([1.0, 0.0]) == pytest.approx([0.5 / scale, -0.5 / scale])
    assert group_advantages([3.0, 1.0, 2.0], normalise_std=False) == pytest.approx([1.0, -1.0, 0.0])


def test_dropped_samples_do_not_count() -> None:
    assert group_advantages([1.0, None, 0.0]) == pytest.approx(
        [*group_advantages([1.0, 0.0])[:1], None, group_advantages([1.0, 0.0])[1]]
    )
    assert group_advantages([1.0, None]) == [None, None]


def test_equal_rewards_have_no_advantage() -> None:
    assert group_advantages([0.7] * 4) == pytest.approx([0.0] * 4)


def test_cosine_rises_and_falls() -> None:
    rates = [cosine(step, 100, 1.0, 0.1, warmup=0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_tokens_are_padded_by_sequence() -> None:
    padded, mask = pad_tokens(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 0, 1]), 2)
    assert padded.tolist() == [[1, 2], [3, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]


def test_on_policy_grpo_is_the_policy_gradient() -> None:
    log_probs = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
    advantages = torch.tensor([1.0, -2.0])
    terms = grpo_loss(log_probs, log_probs.detach(), None, advantages, torch.tensor([0, 0, 1]), SPEC, Totals(2, 3, 1))
    terms.loss.backward()
    # mean over sequences of the mean over tokens of A: the ratio is 1
    assert terms.loss.item() == pytest.approx(-(1.0 - 2.0) / 2)
    assert log_probs.grad.tolist() == pytest.approx([-1 / 4, -1 / 4, 2 / 2])


def test_the_clip_stops_the_gradient() -> None:
    log_probs = torch.tensor([math.log(1.5), math.log(0.5)], requires_grad=True)
    terms = grpo_loss(log_probs, torch.zeros(2), None, torch.tensor([1.0, -1.0]), torch.tensor([0, 1]), SPEC, Totals(2, 2, 1))
    terms.loss.backward()
    assert log_probs.grad.tolist() == [0.0, 0.0]
    assert terms.loss.item() == pytest.approx(-(1.2 - 0.8) / 2)
    assert terms.sums["clip_share"] == 2.0


def test_the_kl_term_is_k3() -> None:
    now, reference = torch.tensor([-1.0]), torch.tensor([-1.5])
    spec = GrpoSpec(0.2, 0.2, kl=0.1, kl_estimator="k3", token_level=False)
    terms = grpo_loss(now, now, reference, torch.tensor([0.0]), torch.tensor([0]), spec, Totals(1, 1, 1))
    k3 = math.exp(-0.5) - 1 + 0.5
    assert terms.sums["kl"] == pytest.approx(k3)
    assert terms.loss.item() == pytest.approx(0.1 * k3)


def test_losses_do_not_depend_on_how_a_step_is_split() -> None:
    torch.manual_seed(0)
    values, owner = -torch.rand(7), torch.tensor([0, 0, 0, 1, 1, 2, 2])
    advantages = torch.tensor([0.5, -1.0, 2.0])
    for spec in (SPEC, GrpoSpec(0.2, 0.2, 0.0, "k3", token_level=True)):
        totals = Totals(3, 7, 1)
        whole = grpo_loss(values, values, None, advantages, owner, spec, totals).loss
        first = grpo_loss(values[:3], values[:3], None, advantages[:1], owner[:3], spec, totals).loss
        rest = grpo_loss(values[3:], values[3:], None, advantages[1:], owner[3:] - 1, spec, totals).loss
        assert (first + rest).item() == pytest.approx(whole.item(), rel=1e-6)
    whole = supervised_loss(values, owner, 3, Totals(3, 7, 1))
    assert whole.item() == pytest.approx(-values.mean().item(), rel=1e-6)
