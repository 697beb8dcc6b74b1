"""reward_func as OpenRLHF's examples and documentation write it."""

import torch


def reward_func(queries, prompts, labels, **kwargs):
    rewards = torch.tensor([float(query[len(prompt) :] == label) for query, prompt, label in zip(queries, prompts, labels)])
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"length": torch.tensor([float(len(q)) for q in queries])}}


def one_sample(queries, prompts, labels):
    """As 0.11 calls it: lists of one, and tensors without a dimension."""
    (query,), (prompt,), (label,) = queries, prompts, labels
    reward = torch.tensor(float(query == prompt + label), dtype=torch.bfloat16, requires_grad=True)
    return {"rewards": reward, "scores": reward, "extra_logs": {"length": torch.tensor(len(query)), "note": "kept out"}}


def tensor_alone(queries, prompts, labels):
    return torch.tensor([0.25] * len(queries))
