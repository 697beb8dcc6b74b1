"""A tiny policy in this process, and what benchmarks ask of one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from rl.config.schema import TinySpec
from rl.learner.policy import Policy, load_model
from rl.learner.tiny import build_tiny

THREADS = 2


def make_policy() -> Policy:
    """Random weights in float32, ready to train on two threads."""
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        texts = ["attribute expression emotion hair color brown scowl angry"] * 8
        model = load_model(build_tiny(Path(folder) / "model", texts, TinySpec(vocab=400), seed=0), torch.float32)
    return Policy(model, []).train()


def gradients(policy: Policy) -> dict[str, torch.Tensor]:
    """A copy of every parameter's gradient."""
    return {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}


def largest_difference(expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> float:
    """The largest relative difference of any parameter's gradient."""
    return max(float((found[n] - g).norm() / g.norm().clamp(min=1e-9)) for n, g in expected.items() if g.norm() > 1e-6)
