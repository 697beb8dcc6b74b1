"""Weights by broadcast: every receiver gets every tensor, and one that is gone is noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from actors.weights import group as weight_group
from actors.weights.group import WeightGroup, find_store, open_store

SHAPES = {"a.weight": (3, 5), "b": (7,), "scalar": (), "large": (40, 10), "tied": (3, 5)}
CPU = torch.device("cpu")


def groups(count: int) -> list[WeightGroup]:
    """A group of so many ranks, rank 0 first, each joined in a thread of its own."""
    store = open_store("127.0.0.1", 20.0)
    with ThreadPoolExecutor(count) as pool:
        others = [
            pool.submit(lambda rank: WeightGroup(find_store("127.0.0.1", store.port, 20.0), rank, count, CPU, 20.0), rank)
            for rank in range(1, count)
        ]
        return [WeightGroup(store, 0, count, CPU, 20.0), *(other.result() for other in others)]


def weights(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {name: torch.randn(shape) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_all_receive_what_is_sent_again_and_again(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    monkeypatch.setattr(weight_group, "BUCKET_BYTES", 100)  # several buckets, and a tensor that fits none
    sender, *receivers = groups(3)
    with ThreadPoolExecutor(2) as pool:
        for seed in range(2):
            found = [pool.submit(lambda one: dict(one.receive(SHAPES, dtype)), one) for one in receivers]
            sender.send(weights(seed).items(), SHAPES, dtype)
            for one in found:
                assert list(one.result()) == list(SHAPES)
                for name, tensor in one.result().items():
                    torch.testing.assert_close(tensor, weights(seed)[name].to(dtype), rtol=0, atol=0)


def test_sending_to_one_that_is_gone_fails() -> None:
    sender, receiver = groups(2)
    del receiver
    with pytest.raises(RuntimeError):
        sender.send(weights(0).items(), SHAPES, torch.float32)


def test_weights_in_another_order_are_refused() -> None:
    (sender,) = groups(1)
    swapped = list(weights(0).items())[::-1]
    with pytest.raises(ValueError, match=r"expected the weights of a\.weight, was given tied"):
        sender.send(swapped, SHAPES, torch.float32)
