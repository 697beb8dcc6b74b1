"""The vision tower's first layer as what it is, a matrix product.

Families of Qwen cut pictures into patches before the tower, which then applies a convolution as large as a patch, once to each.
As a convolution it takes ten times as long on CPUs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear


def as_matrix_product(visual: Any) -> None:
    """Compute a tower's patch embedding as a matrix product; its weights stay where they are.

    Raises:
        ValueError: if its convolution reads anything but whole patches.
    """
    convolution = visual.patch_embed.proj
    if convolution.kernel_size != convolution.stride or any(convolution.padding) or convolution.groups != 1:
        raise ValueError(f"the patch embedding is not of whole patches: {convolution}")
    convolution.forward = _Product(convolution)  # not the module's: what hooks its call, such as ZeRO, goes on to


class _Product:
    def __init__(self, convolution: nn.Conv3d) -> None:
        self.convolution = convolution

    def __call__(self, patches: torch.Tensor) -> torch.Tensor:
        """(patches, channels, frames, height, width) -> (patches, d, 1, 1, 1)."""
        weight, bias = self.convolution.weight, self.convolution.bias
        return linear(patches.flatten(1), weight.flatten(1), bias)[..., None, None, None]
