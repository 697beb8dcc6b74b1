"""RMS norms by one kernel, beside those by operators of torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from vllm.config import CompilationConfig, VllmConfig, set_current_vllm_config
from vllm.model_executor.layers.layernorm import RMSNorm

from actors.engine import norms


@pytest.fixture
def layer() -> Iterator[RMSNorm]:
    torch.manual_seed(0)
    with set_current_vllm_config(VllmConfig()):
        made = RMSNorm(48, eps=1e-5)
    made.weight.data = torch.rand(48) + 0.5
    with torch.inference_mode():
        yield made


def plain(layer: RMSNorm, x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + layer.variance_epsilon) * layer.weight


@pytest.mark.parametrize("shape", [(1, 48), (7, 48), (7, 3, 48)])
def test_a_norm_is_that_of_torch(layer: RMSNorm, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape) * 3
    before = x.clone()
    torch.testing.assert_close(norms.norm(layer, x), plain(layer, x), rtol=1e-6, atol=1e-6)
    assert torch.equal(x, before)


def test_features_that_do_not_lie_side_by_side_are_normed_alike(layer: RMSNorm) -> None:
    x = torch.randn(5, 144)[:, 48:96]
    torch.testing.assert_close(norms.norm(layer, x), plain(layer, x), rtol=1e-6, atol=1e-6)
    x, residual = torch.randn(5, 144)[:, :48], torch.randn(5, 48)
    total = x + residual
    normed, added = norms.norm(layer, x, residual)
    torch.testing.assert_close(added, total, rtol=0, atol=0)
    torch.testing.assert_close(normed, plain(layer, total), rtol=1e-6, atol=1e-6)


def test_a_residual_is_added_first_and_given_back(layer: RMSNorm) -> None:
    x, residual = torch.randn(6, 48), torch.randn(6, 48)
    total = x + residual
    normed, added = norms.norm(layer, x, residual)
    torch.testing.assert_close(added, total, rtol=0, atol=0)
    torch.testing.assert_close(normed, plain(layer, total), rtol=1e-6, atol=1e-6)


def test_one_kernel_computes_float32_and_vllm_all_else(layer: RMSNorm) -> None:
    def operators(x: torch.Tensor) -> set[str]:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            norms.norm(layer, x)
        return {one.key for one in profiler.key_averages()}

    assert "_C::rms_norm" in operators(torch.randn(2, 48))
    half = torch.randn(2, 48).to(torch.bfloat16)
    assert "_C::rms_norm" not in operators(half)
    torch.testing.assert_close(norms.norm(layer, half), layer.forward_native(half), rtol=0, atol=0)
    layer.variance_size_override = 24
    assert "_C::rms_norm" not in operators(torch.randn(2, 48))


def test_a_norm_that_is_not_compiled_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RMSNorm, "forward_cpu", RMSNorm.forward_cpu)  # restored afterwards
    norms.use_one_kernel()
    with set_current_vllm_config(VllmConfig(compilation_config=CompilationConfig(custom_ops=["all"]))):
        assert RMSNorm(48)._forward_method.__func__ is norms.norm
