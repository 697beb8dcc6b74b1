"""Sums over a rollout become means."""

from __future__ import annotations

import pytest
import torch

from rl.learner.update_sums import UpdateSums, update_means


def test_means_are_over_tokens_and_of_the_loss_over_steps() -> None:
    sums = UpdateSums()
    sums.add({"tokens": 4.0, "kl": 2.0, "clip_share": 1.0}, loss=0.5, entropy=8.0)
    sums.add({"tokens": 4.0, "kl": 2.0, "corrected": 2.0}, loss=1.5, entropy=8.0)
    sums.add_difference(torch.tensor([0.5, 0.0, 0.002, 2.0]))
    means = update_means(sums.values, steps=2)
    assert (means["loss"], means["kl"], means["entropy"], means["tokens"]) == (1.0, 0.5, 2.0, 8.0)
    assert (means["clip_share"], means["corrected_share"]) == (0.125, 0.25)
    assert means["logprob_diff_mean"] == pytest.approx(2.502 / 4)
    assert [means[f"logprob_diff_over/{limit}"] for limit in ("0.001", "0.01", "0.1", "1")] == [0.75, 0.5, 0.5, 0.25]
    assert sums.largest_diff == 2.0
    assert "corrected" not in means


def test_a_loss_may_report_what_it_counts() -> None:
    sums = UpdateSums()
    sums.add({"tokens": 10.0, "faded_share": 5.0})
    assert update_means(sums.values, steps=1)["faded_share"] == 0.5
