"""Other trainers, each run for some steps in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.common.drawn_clips import Row, write_rows
from benchmarks.common.timing import Timed, warm

PEERS = Path(__file__).parents[1] / "peers"
THREADS = 2
LEARNING_RATE = 1e-6
MEDIA = {
    "FPS": "2",
    "FPS_MIN_FRAMES": "4",
    "FPS_MAX_FRAMES": "16",
    "VIDEO_MIN_TOKEN_NUM": "1",
    "VIDEO_MAX_TOKEN_NUM": "128",
}
"""What ms-swift makes of a clip: what affectree makes of it by default. A token is 28 x 28 pixels of two frames."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "USE_HF": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class SwiftSetting:
    """What ms-swift is tried with."""

    micro: int
    """Rows, or samples in GRPO, of a forward pass."""
    workers: int = 0
    """Processes that read and decode ahead."""


@dataclass(frozen=True)
class SwiftJob:
    """What ms-swift is to do."""

    model: Path
    rows: Sequence[Row]
    batch: int
    """Rows of a step, or samples in GRPO."""
    group: int = 0
    """Samples of a prompt; 0 tunes."""
    max_tokens: int = 0
    """Longest completion."""


def python_of(peer: str) -> Path:
    """The Python of a peer's environment; ends the program with what makes it, if it is not there."""
    found = Path(f".venv-{peer}/bin/python")
    if not found.exists():
        raise SystemExit(f"{found} is missing: `make .venv-{peer}/.ready` makes it")
    return found


def run_peer(
    peer: str, script: str, job: Mapping[str, Any], folder: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> Timed:
    """The steps that a peer's script took, after the warm-up."""
    (folder / "job.json").write_text(json.dumps(job))
    variables = {**variables, "OMP_NUM_THREADS": str(THREADS)}
    words = [str(python_of(peer).absolute()), str((PEERS / script).absolute()), "job.json"]
    done = subprocess.run(words, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return warm(**json.loads(done.stdout.strip().splitlines()[-1]))


def by_swift(job: SwiftJob, setting: SwiftSetting, folder: Path, steps: int) -> Timed:
    """Steps of ms-swift: tuning on the rows in their order, or GRPO on their questions."""
    file = write_rows(folder / "swift.jsonl", ({key: row[key] for key in ("messages", "videos")} for row in job.rows))
    words = {
        **_common(job, setting),
        "dataset": file.absolute(),
        "max_steps": steps,
        **(_grpo(job) if job.group else {}),
    }
    return run_peer(
        "swift",
        "swift_steps.py",
        {
            "task": "grpo" if job.group else "sft",
            "model": str(job.model.absolute()),
            "samples": job.batch,
            "threads": THREADS,
            "words": list(_flat(words)),
        },
        folder,
        MEDIA | OFFLINE,
    )


def _common(job: SwiftJob, setting: SwiftSetting) -> dict[str, Any]:
    return {
        "model": job.model.absolute(),
        "model_type": "qwen2_5_vl",
        "template": "qwen2_5_vl",
        "system": "",
        "split_dataset_ratio": 0,
        "load_from_cache_file": "false",
        "dataset_shuffle": "false",
        "train_dataloader_shuffle": "false",
        "dataset_num_proc": 1,
        "dataloader_num_workers": setting.workers,
        "max_length": 2048,
        "tuner_type": "full",
        "freeze_vit": "false",
        "freeze_aligner": "false",
        "torch_dtype": "float32",
        "bf16": "false",
        "fp16": "false",
        "use_cpu": "true",
        "attn_impl": "sdpa",
        "gradient_checkpointing": "false",
        "per_device_train_batch_size": setting.micro,
        "gradient_accumulation_steps": job.batch // setting.micro,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant",
        "weight_decay": 0,
        "adam_beta2": 0.95,
        "max_grad_norm": 1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
    }


def _grpo(job: SwiftJob) -> dict[str, Any]:
    return {
        "rlhf_type": "grpo",
        "reward_funcs": "trivial",
        "use_vllm": "false",
        "num_generations": job.group,
        "num_iterations": 1,
        "beta": 0,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "max_completion_length": job.max_tokens,
    }


def _flat(words: Mapping[str, Any]) -> Iterable[str]:
    for name, value in words.items():
        yield from (f"--{name}", str(value))
