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


def get_soft_overlong_punishment(max_completion_len: int, soft_punish_cache: int):
    """Makes a callable object, as TRL's own functions do since it has to be pickled."""
    return _SoftOverlongPunishment(max_completion_len, soft_punish_cache)


class _SoftOverlongPunishment:
    def __init__(self, max_completion_len, soft_punish_cache):
        self.longest, self.cache = max_completion_len, soft_punish_cache

    def __call__(self, completion_ids: list[list[int]], **kwargs) -> list[float]:
        free = self.longest - self.cache
        return [0.0 if len(ids) <= free else max((free - len(ids)) / self.cache, -1.0) for ids in completion_ids]


def texts_with_state(completions: list[str], trainer_state, **kwargs):
    return [trainer_state.global_step] * len(completions)


def needs_a_column(completions, difficulty, **kwargs):
    return [float(len(text)) * hard for text, hard in zip(completions, difficulty)]


def logs_numpy(prompts, completions, log_extra, log_metric, **kwargs):
    import numpy as np

    log_extra("half", np.array([len(text) / 2 for text in completions]))
    log_metric("any", np.bool_(True))
    return np.array([float(len(text)) for text in completions])
