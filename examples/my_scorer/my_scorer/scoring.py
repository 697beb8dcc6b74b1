"""Two scorers: one that looks at a sample alone, one that compares the samples of a group."""

from __future__ import annotations

from rewards.sample import RewardSample, Score, scorer


@scorer(range=(0, 1))
def evidence(sample: RewardSample, enough: int = 2) -> Score:
    """Share of the tree's emotions that rest on at least `enough` expressions, in [0, 1]; 0 without a tree."""
    emotions = list(sample.stated.emotions())
    grounded = sum(len(emotion.rests_on) >= enough for emotion in emotions)
    return Score(grounded / len(emotions) if emotions else 0.0, {"emotions": float(len(emotions))})


@scorer(mode="group", range=(-1, 0))
def relative_length(samples: list[RewardSample]) -> list[float]:
    """0 for the group's shortest completion, -1 for its longest; 0 for all if they are equally long.

    A penalty rather than a reward, since an empty completion is the shortest of all.
    """
    lengths = [sample.completion_tokens for sample in samples]
    spread = max(lengths) - min(lengths)
    return [(min(lengths) - length) / spread if spread else 0.0 for length in lengths]
