"""States of an engine are loaded with the engine's own settings."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from rl.config.schema import LearnerConfig
from rl.learner.deepspeed_engine import join_ranks, load_state, optimizer_step, save_state, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone() -> Iterator[None]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    join_ranks(0, 1, "127.0.0.1", port)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("zero_stage", [0, 2])
def test_a_state_brings_weights_and_moments_but_no_settings(zero_stage: int, tmp_path: Path) -> None:
    first = start(torch.nn.Linear(2, 1), LearnerConfig(zero_stage=zero_stage, beta2=0.9, gradient_clip=1.0), 1, bf16=False)
    optimizer_step(first, [lambda counts: first(torch.ones(1, 2)).sum()], 0.1)
    save_state(first, str(tmp_path))
    weights = [parameter.detach().clone() for parameter in first.module.parameters()]
    first.destroy()
    other = LearnerConfig(zero_stage=zero_stage, beta2=0.5, weight_decay=0.25, gradient_clip=3.0)
    second = start(torch.nn.Linear(2, 1), other, 1, bf16=False)
    load_state(second, str(tmp_path))
    assert all(torch.equal(one, weight) for one, weight in zip(second.module.parameters(), weights, strict=True))
    (group,) = second.optimizer.param_groups
    assert (group["betas"], group["weight_decay"]) == ((0.9, 0.5), 0.25)
    assert second.optimizer.state[group["params"][0]]["exp_avg"].abs().sum() > 0
    if zero_stage:
        assert second.optimizer.clip_grad == 3.0
    second.destroy()
