"""A scorer with four faults, to see what `affectree reward check` says about them."""

import random


def score(sample, bonus=0.1):
    """Fails on short texts, gives NaN for long ones, and is random in between."""
    words = sample.completion.split()
    if len(words) > 1000:
        return float("nan")
    if not words:
        return 1 / len(words)
    if words[0].isdigit():
        return "a number"
    return random.random() + bonus
