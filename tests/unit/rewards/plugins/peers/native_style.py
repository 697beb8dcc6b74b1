"""Scorers of affectree's own form."""

from rewards.sample import RewardSample, scorer


def one(sample):
    return float(len(sample.completion))


def annotated(completions: RewardSample, **settings):
    return 1.0


@scorer(mode="batch")
def declared(completions):
    return [float(len(one.completion)) for one in completions]


def get_bonus(bonus):
    return lambda sample: bonus


class Weighted:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, sample):
        return self.weight * len(sample.completion)
