"""The patch embedding as a matrix product."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from rl.learner.patch_embedding import as_matrix_product
from rl.learner.policy import load_model
from rollout.families import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_the_convolution_with_its_gradients(family: str, tiny_models: dict[str, Path]) -> None:
    visual = load_model(tiny_models[family], torch.float32).model.visual
    convolution = visual.patch_embed.proj
    width = convolution.weight[0].numel()
    patches = torch.randn(12, width, generator=torch.Generator().manual_seed(0))
    pull = torch.randn(12, convolution.out_channels, generator=torch.Generator().manual_seed(1))

    def outcome() -> list[torch.Tensor]:
        visual.zero_grad()
        found = visual.patch_embed(patches)
        (found * pull).sum().backward()
        return [found.detach(), *(parameter.grad.clone() for parameter in convolution.parameters())]

    expected = outcome()
    as_matrix_product(visual)
    for one, other in zip(outcome(), expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_a_convolution_whose_patches_overlap_is_refused() -> None:
    visual = nn.Module()
    visual.patch_embed = nn.Module()
    visual.patch_embed.proj = nn.Conv3d(3, 8, kernel_size=(2, 4, 4), stride=(2, 2, 2))
    with pytest.raises(ValueError, match="not of whole patches"):
        as_matrix_product(visual)
