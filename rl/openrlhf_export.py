"""A reward mix as an OpenRLHF `reward_func`; those of other trainers, which need no tensors, are in `rewards/exports.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from rewards.exports import gold_columns, sample_of, shared_mix, value_of


def as_openrlhf(mix: str) -> Callable[..., dict[str, Any]]:
    """An OpenRLHF `reward_func`; a label is the gold tree if it holds one, else the answer.

    Args:
        mix: YAML file with the mix.

    Returns:
        A function of n queries, prompts and labels that gives `rewards` and `scores`, float32 (n,), and `extra_logs` with
        the parts that all n samples have. It raises `ScorerError` for a sample that could not be scored.
    """

    def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **_: Any) -> dict[str, Any]:
        samples = [
            sample_of(query.removeprefix(prompt), prompt, gold_columns(label))
            for query, prompt, label in zip(queries, prompts, labels, strict=True)
        ]
        rewards = shared_mix(mix).score(samples)
        values = torch.tensor([value_of(reward) for reward in rewards])
        everywhere = set.intersection(*(set(reward.parts) for reward in rewards))
        logs = {name: torch.tensor([reward.parts[name] for reward in rewards]) for name in sorted(everywhere)}
        return {"rewards": values, "scores": values, "extra_logs": logs}

    return reward_func
