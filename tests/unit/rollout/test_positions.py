"""Positions against those of transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rl.learner.policy import load_model
from rollout.positions import VisionBlock, mrope_positions


def test_text_and_boxes_by_hand() -> None:
    # two words, an image of 2 x 2 merged patches, a word: text goes on after the longest side of the box
    is_vision = np.array([False] * 2 + [True] * 4 + [False])
    found = mrope_positions(is_vision, [VisionBlock(1, 4, 4)], merge=2)
    assert found.dtype == np.int64
    assert found.tolist() == [[0, 1, 2, 2, 2, 2, 4], [0, 1, 2, 2, 3, 3, 4], [0, 1, 2, 3, 2, 3, 4]]


def test_time_grows_by_the_interval_as_whole_positions() -> None:
    found = mrope_positions(np.ones(3, dtype=bool), [VisionBlock(3, 2, 2, interval=1.5)], merge=2)
    assert found.tolist() == [[0, 1, 3], [0, 0, 0], [0, 0, 0]]


def test_a_block_has_a_token_for_each_merged_patch() -> None:
    assert VisionBlock(2, 8, 12).tokens(merge=2) == 2 * 4 * 6


@pytest.mark.parametrize("fps", [1.0, 2.0])
def test_positions_equal_transformers(tiny_model: Path, fps: float) -> None:
    model = load_model(tiny_model, torch.float32)
    config, grid, merge = model.config, np.array([[2, 8, 12]]), 2
    text, video = 5, config.video_token_id
    ids = np.array([text] * 3 + [video] * (2 * 4 * 6) + [text] * 4)
    interval = 2 / fps * config.vision_config.tokens_per_second
    ours = mrope_positions(ids == video, [VisionBlock(2, 8, 12, interval)], merge)
    kinds = torch.from_numpy((ids == video) * 2)[None]
    theirs, _ = model.model.get_rope_index(
        torch.from_numpy(ids)[None], kinds, video_grid_thw=torch.from_numpy(grid), second_per_grid_ts=torch.tensor([2 / fps])
    )
    np.testing.assert_array_equal(ours, theirs[:, 0].numpy())
