"""GRPO steps in TRL's `GRPOTrainer`, in the environment of requirements/trl.txt: `python trl_step.py JOB.json`

The job is what `benchmarks/step.py` writes; the last line printed is JSON: when each step ended, and the tokens
sampled in it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, TrainerCallback
from trl import GRPOConfig, GRPOTrainer


class Clock(TrainerCallback):
    """Notes when steps end, and the tokens sampled in them."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.ends: list[float] = []
        self.tokens: list[float] = []

    def on_step_end(self, *_: object, **__: object) -> None:
        self.ends.append(time.perf_counter())

    def on_log(self, *_: object, logs: dict[str, float], **__: object) -> None:
        if "completions/mean_length" in logs:
            self.tokens.append(logs["completions/mean_length"] * self.samples)


def reward(completions: list, **_: object) -> list[float]:
    """A reward that costs next to nothing and varies."""
    return [len(completion[0]["content"]) % 7 / 7 for completion in completions]


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    rows = [
        {"prompt": [{"role": "user", "content": row["text"]}]} | ({"images": row["images"]} if row["images"] else {})
        for row in job["rows"]
    ]
    dataset = Dataset.from_list(rows)
    if job["rows"][0]["images"]:
        dataset = dataset.with_transform(
            lambda batch: {**batch, "images": [[Image.open(path) for path in paths] for paths in batch["images"]]}
        )
    clock = Clock(job["prompts"] * job["group"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=AutoModelForImageTextToText.from_pretrained(job["model"], dtype=torch.float32),
            processing_class=AutoProcessor.from_pretrained(job["model"]),
            reward_funcs=reward,
            train_dataset=dataset,
            callbacks=[clock],
            args=GRPOConfig(
                output_dir=folder,
                per_device_train_batch_size=job["prompts"] * job["group"] // job["accumulate"],
                gradient_accumulation_steps=job["accumulate"],
                num_generations=job["group"],
                max_completion_length=job["max_tokens"],
                max_steps=job["steps"],
                num_iterations=1,
                beta=0.0,
                temperature=1.0,
                loss_type="grpo",
                learning_rate=job["learning_rate"],
                lr_scheduler_type="constant",
                adam_beta2=0.95,
                use_cpu=True,
                bf16=False,
                gradient_checkpointing=False,
                logging_steps=1,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                shuffle_dataset=False,
            ),
        )
        trainer.train()
    print(json.dumps({"ends": clock.ends, "tokens": clock.tokens}))


if __name__ == "__main__":
    main()
