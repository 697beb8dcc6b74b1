"""Reward functions as TRL's documentation writes them."""

import re


def format_reward(completions, **kwargs):
    """1 for <think>…</think><answer>…</answer>."""
    pattern = r"^<think>.*?</think><answer>.*?</answer>$"
    return [1.0 if re.match(pattern, completion) else 0.0 for completion in completions]


def accuracy_or_none(prompts, completions, completion_ids, solution, log_extra, log_metric, **kwargs):
    right = [float(gold in text) if gold is not None else None for text, gold in zip(completions, solution)]
    log_extra("length", [float(len(ids)) for ids in completion_ids])
    log_metric("share_right", sum(value or 0.0 for value in right) / len(right))
    return right


def conversational(prompts, completions, **kwargs):
    return [float(len(completion[0]["content"]) + len(prompt[-1]["content"])) for prompt, completion in zip(prompts, completions)]


async def slow_service(completions, **kwargs):
    import asyncio

    await asyncio.sleep(0.01)
    return [len(completion) / 10 for completion in completions]
