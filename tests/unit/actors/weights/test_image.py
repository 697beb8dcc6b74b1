"""Weights in shared memory: a safetensors file like any other, read where it lies and written again and again."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save, save_file

from actors.weights.handles import LocalCopy
from actors.weights.image import MappedImage, WeightImage, side_by_side

SHAPES = {"a.weight": (3, 5), "b": (7,), "tied": (3, 5)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_written_is_read_by_safetensors_and_by_us(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    weights = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    file = WeightImage(dtype, SHAPES)
    size = file.write(weights.items())
    assert size == len(file.image())
    assert file.crc32() == zlib.crc32(file.image().tobytes())
    mapped = MappedImage(Path(file.path))
    for found in (load(file.image().tobytes()), dict(mapped.tensors())):
        assert set(found) == set(weights)
        for name, tensor in weights.items():
            torch.testing.assert_close(found[name], tensor.to(dtype), rtol=0, atol=0)
    file.write((name, tensor + 1) for name, tensor in weights.items())  # a mapping shows what is written later
    torch.testing.assert_close(dict(mapped.tensors())["b"], (weights["b"] + 1).to(dtype), rtol=0, atol=0)


def test_what_engines_join_lies_side_by_side() -> None:
    layers = [f"layers.{n}.{part}" for n in (0, 1) for part in ("attn.q", "attn.k", "attn.v", "norm", "mlp.gate", "mlp.up")]
    names = [f"{layer}.{what}" for layer in layers for what in ("weight", "bias")]
    found = side_by_side(names)
    assert sorted(found) == sorted(names)
    for n in (0, 1):
        begin = found.index(f"layers.{n}.attn.q.weight")
        assert found[begin : begin + 3] == [f"layers.{n}.attn.{part}.weight" for part in "qkv"]
        assert found[found.index(f"layers.{n}.mlp.gate.weight") + 1] == f"layers.{n}.mlp.up.weight"


def test_tensors_of_an_image_are_views_of_one_storage() -> None:
    file = WeightImage(torch.float32, SHAPES)
    file.write((name, torch.zeros(shape)) for name, shape in SHAPES.items())
    tensors = dict(MappedImage(Path(file.path)).tensors())
    assert len({tensor.untyped_storage().data_ptr() for tensor in tensors.values()}) == 1
    assert tensors["tied"].storage_offset() != tensors["a.weight"].storage_offset()


def test_another_image_of_the_same_size_in_the_same_place_is_read_by_its_own_names() -> None:
    copy, images = LocalCopy(), [save({name: torch.full((4,), value)}) for name, value in (("one", 1.0), ("two", 2.0))]
    mapped = MappedImage(Path(copy.write(np.frombuffer(images[0], dtype=np.uint8))))
    assert mapped.same_as(Path(copy.write(np.frombuffer(images[1], dtype=np.uint8))))
    (found,) = mapped.tensors()
    assert found[0] == "two" and found[1].tolist() == [2.0] * 4


def test_a_tensor_that_is_not_given_is_named() -> None:
    with pytest.raises(ValueError, match=r"1 tensors were not given, e\.g\. \['tied'\]"):
        WeightImage(torch.float32, SHAPES).write((name, torch.zeros(SHAPES[name])) for name in ("a.weight", "b"))


def test_another_file_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"x": torch.zeros(4)}, path)
    mapped = MappedImage(path)
    assert mapped.same_as(path)
    save_file({"x": torch.ones(4)}, tmp_path / "other")
    (tmp_path / "other").replace(path)
    assert not mapped.same_as(path)
    np.testing.assert_array_equal(dict(MappedImage(path).tensors())["x"].numpy(), np.ones(4, dtype=np.float32))


def test_an_image_from_another_node_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    copy = LocalCopy()
    for value, size in ((1.0, 4), (2.0, 4), (3.0, 2)):
        save_file({"x": torch.full((size,), value)}, tmp_path / "image")
        path = Path(copy.write(np.frombuffer((tmp_path / "image").read_bytes(), dtype=np.uint8)))
        if value == 1.0:
            mapped = MappedImage(path)
        if size == 4:  # the mapping shows what is written later
            assert mapped.same_as(path)
            np.testing.assert_array_equal(dict(mapped.tensors())["x"].numpy(), np.full(4, value, dtype=np.float32))
        else:
            assert not mapped.same_as(path)
            np.testing.assert_array_equal(dict(MappedImage(path).tensors())["x"].numpy(), np.full(2, 3.0, dtype=np.float32))
