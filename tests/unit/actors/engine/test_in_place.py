"""Which weights need not be copied, since they lie in memory as a layer has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch

from actors.engine.in_place import Copied, whole


@dataclass(frozen=True)
class Layer:
    """A layer without memory, and the image of which its weights are."""

    parameter: torch.Tensor
    image: torch.Tensor

    def copied(self, rows: slice, source: torch.Tensor) -> Copied:
        """A copy into these rows, as a loader makes it."""
        to = self.parameter[rows]
        return Copied(to.storage_offset(), to, source)


@pytest.fixture
def layer() -> Layer:
    return Layer(torch.empty(5, 4, device="meta"), torch.arange(100, dtype=torch.float32))


def test_parts_that_lie_side_by_side_are_taken_as_they_lie_in_whatever_order_they_come(layer: Layer) -> None:
    first, second = layer.image[10:18].view(2, 4), layer.image[18:30].view(3, 4)
    for copies in (
        (layer.copied(slice(0, 2), first), layer.copied(slice(2, 5), second)),
        (
            layer.copied(slice(2, 5), second),
            layer.copied(slice(0, 2), first),
        ),
    ):
        found = whole(layer.parameter, copies)
        assert found is not None
        assert torch.equal(found, torch.cat([first, second]))
        assert found.untyped_storage().data_ptr() == layer.image.untyped_storage().data_ptr()
        for copied, place in zip(copies, (copy.begin for copy in copies), strict=True):  # what vLLM then does changes nothing
            found[place // 4 : place // 4 + len(copied.source)].copy_(copied.source)
        assert torch.equal(layer.image, torch.arange(100, dtype=torch.float32))


@pytest.mark.parametrize(
    "parts",
    [
        lambda image: [],
        lambda image: [(slice(0, 2), image[10:18].view(2, 4))],  # not all of it
        lambda image: [(slice(0, 2), image[10:18].view(2, 4)), (slice(2, 5), image[22:34].view(3, 4))],  # a gap
        lambda image: [(slice(0, 3), image[18:30].view(3, 4)), (slice(3, 5), image[10:18].view(2, 4))],  # exchanged
        lambda image: [(slice(0, 5), image[10:30].view(4, 5).t())],  # transposed
        lambda image: [(slice(0, 5), image[10:30].view(5, 4).to(torch.bfloat16))],  # converted
        lambda image: [(slice(0, 5), image[:1].expand(5, 4))],
        lambda image: [(slice(0, 2), image[10:18].view(2, 4)), (slice(2, 5), image[18:30].clone().view(3, 4))],  # elsewhere
        lambda image: [(slice(0, 5), image[10:30].view(5, 4)), (slice(0, 5), image[30:50].view(5, 4))],  # twice
    ],
)
def test_all_else_is_copied(layer: Layer, parts: Callable[[torch.Tensor], list[tuple[slice, torch.Tensor]]]) -> None:
    assert whole(layer.parameter, [layer.copied(rows, source) for rows, source in parts(layer.image)]) is None


def test_a_column_at_a_time_is_copied(layer: Layer) -> None:
    copies = [Copied(column, layer.parameter[:, column], layer.image[5 * column : 5 * column + 5]) for column in range(4)]
    assert whole(layer.parameter, copies) is None
