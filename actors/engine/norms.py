"""vLLM's own kernel for RMS norms on CPUs, in place of six to nine operators of torch.

vLLM 0.29 uses it on GPUs alone, since on CPUs it counts on a compiler to join the operators. Where nothing is compiled, as for
tiny models, each of them costs a decoding step more than what it computes.
"""

from __future__ import annotations

from typing import Any

import torch
from vllm.model_executor.layers.layernorm import RMSNorm
from vllm.platforms import current_platform

Normed = torch.Tensor | tuple[torch.Tensor, torch.Tensor]


def use_one_kernel() -> None:
    """Have RMS norms in float32 that are not compiled computed by one kernel. Does nothing where there is a GPU."""
    if current_platform.is_cpu():
        RMSNorm.forward_cpu = norm  # type: ignore[method-assign]


def norm(layer: Any, x: torch.Tensor, residual: torch.Tensor | None = None) -> Normed:
    """What `RMSNorm.forward_native` gives, to the rounding of float32.

    Args:
        layer: the `RMSNorm`.
        x: (…, features); with a residual it is written to, as by vLLM's operator.
        residual: is added to x first, and becomes the sum; (normed, sum) is returned then.
    """
    plain = x.dtype == layer.weight.dtype == torch.float32 and layer.has_weight and layer.variance_size_override is None
    if not plain or (residual is not None and not (x.is_contiguous() and residual.is_contiguous())):
        native: Normed = layer.forward_native(x, residual)
        return native
    if residual is not None:
        torch.ops._C.fused_add_rms_norm(x, residual, layer.weight, layer.variance_epsilon)
        return x, residual
    normed = torch.empty(x.shape, dtype=x.dtype)
    torch.ops._C.rms_norm(normed, x.contiguous(), layer.weight, layer.variance_epsilon)
    return normed
