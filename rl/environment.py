"""Environment of every process of a run; what a user has set stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

QUIET = {
    "PYTHONWARNINGS": "ignore::FutureWarning,ignore::UserWarning,ignore::DeprecationWarning",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "DS_LOG_LEVEL": "error",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_DEDUP_LOGS": "0",
}
"""Keeps the libraries' chatter out of a run's log."""

OPENMP = Path(sys.prefix) / "lib" / "libiomp5.so"
"""Intel's OpenMP, which vLLM's CPU build brings along."""


def hush() -> None:
    """Quiet this process, before the libraries are imported."""
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})


def worker_environment(on_cpu: bool) -> dict[str, str]:
    """Variables for the processes of a run.

    On CPUs engine and learner take turns on the same cores: threads that go to sleep at once after their work,
    rather than spin, leave the cores to the other (measured in docs/benchmarks.md).
    """
    wanted = dict(QUIET)
    if on_cpu and OPENMP.is_file():
        wanted |= {"LD_PRELOAD": str(OPENMP), "KMP_BLOCKTIME": "1"}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
