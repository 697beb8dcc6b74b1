"""What has to hold of every family of checkpoints."""

from __future__ import annotations

import numpy as np

from rl.run.workers import Workers
from rollout.rows.data import RowData
from rollout.samples import SamplingSpec


def assert_media_agree(workers: Workers, rows: RowData) -> None:
    """Engine and learner expand prompts about any media alike and give replies to them the same log-probs."""
    prompts = workers.prompts(rows, range(len(rows)), "media")
    assert [len(prompt.encoded.media) for prompt in prompts] == [1, 1, 2, 2, 2, 2, 0]
    groups = workers.engines.groups(prompts, SamplingSpec(2, 12, seed=0))
    for prompt, group in zip(prompts, groups, strict=True):
        np.testing.assert_array_equal(group.samples[0].prompt_ids, prompt.encoded.ids)
        assert workers.sync.logprob_difference(prompt) < 1e-4, prompt.row.question
