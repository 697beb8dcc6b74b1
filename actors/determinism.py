"""Environment variables by which the libraries of every process compute the same each time. For GPUs they follow what the
libraries' own documents say; no run on GPUs has tried them."""

from __future__ import annotations

import os

EVERYWHERE = {
    "PYTHONHASHSEED": "0",
    "OMP_DYNAMIC": "false",
    "KMP_DETERMINISTIC_REDUCTION": "true",
    "MKL_DYNAMIC": "false",
}
"""Sets are in one order; as many threads as were asked for share the work, and their sums are added in one order."""

ON_GPUS = {
    "VLLM_BATCH_INVARIANT": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "FLASH_ATTENTION_DETERMINISTIC": "1",
    "NCCL_ALGO": "allreduce:tree",
    "NCCL_PROTO": "Simple",
    "NCCL_NVLS_ENABLE": "0",
    "NCCL_COLLNET_ENABLE": "0",
}
"""vLLM's batch-invariant kernels; torch's condition for deterministic matrix products; attention's backward pass without atomic
additions (transformers); sums over ranks in one order."""


def deterministic_variables(on_cpu: bool) -> dict[str, str]:
    """Variables for the worker processes of a run with `determinism`. What a user has set stays.

    Args:
        on_cpu: neither engines nor learner have a GPU.
    """
    wanted = EVERYWHERE if on_cpu else EVERYWHERE | ON_GPUS
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
