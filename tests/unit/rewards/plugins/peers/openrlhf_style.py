"""reward_func as OpenRLHF's examples write it."""

import torch


def reward_func(queries, prompts, labels, **kwargs):
    rewards = torch.tensor([float(query[len(prompt) :] == label) for query, prompt, label in zip(queries, prompts, labels)])
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"length": torch.tensor([float(len(q)) for q in queries])}}
