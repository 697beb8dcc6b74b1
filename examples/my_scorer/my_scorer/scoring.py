"""Two scorers: one that looks at a sample alone, one that compares the samples of a group."""

from __future__ import annotations

from rewards.sample import RewardSample, Score, scorer


def evidence(sample: RewardSample, enough: int = 2) -> Score:
    """Share of the tree's emotions that rest on at least `enough` expressions, in [0, 1]; 0 without a tree."""
    emotions = list(sample.parsed.tree.emotions())
    grounded = sum(len(emotion.rests_on) >= enough for emotion in emotions)
    return Score(grounded / len(emotions) if emotions else 0.0, {"emotions": float(len(emotions))})


@scorer(mode="group")
def relative_length(samples: list[RewardSample]) -> list[float]:
    """1 for the group's shortest completion, 0 for its longest; 1 for all if they are equally long."""
    lengths = [sample.completion_tokens for sample in samples]
    spread = max(lengths) - min(lengths)
    return [1.0 - (length - min(lengths)) / spread if spread else 1.0 for length in lengths]
