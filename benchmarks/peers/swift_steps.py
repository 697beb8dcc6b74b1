"""Steps of ms-swift, in the environment of requirements/swift.txt: `python swift_steps.py JOB.json`

The job is what `benchmarks/common/peers.py` writes; the last line printed is JSON: when each step ended, and the tokens that it
read (`sft`) or sampled (`grpo`). What is changed about ms-swift serves a tiny model alone: it knows Qwen's placeholders by
number, and this vocabulary has others; and a model that has hardly learned samples them, which no clip then belongs to.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import wraps
from pathlib import Path
from typing import Any

import torch
import transformers
from swift.pipelines import rlhf_main, sft_main
from swift.rewards import ORM, orms
from swift.template.templates.qwen import Qwen2_5VLTemplate

VISION = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")


class Clock(transformers.TrainerCallback):
    """Notes when steps end, and their tokens."""

    def __init__(self, counts_reads: bool, samples: int) -> None:
        self.counts_reads, self.samples = counts_reads, samples
        self.ends: list[float] = []
        self.tokens: list[float] = []
        self.read = 0

    def on_train_begin(self, *_: object, model: torch.nn.Module, **__: object) -> None:
        if self.counts_reads:
            model.register_forward_pre_hook(self._reads, with_kwargs=True)

    def on_step_end(self, *_: object, **__: object) -> None:
        self.ends.append(time.perf_counter())
        if self.counts_reads:
            self.tokens.append(self.read)
            self.read = 0

    def on_log(self, *_: object, logs: dict[str, float], **__: object) -> None:
        if "completions/mean_length" in logs:
            self.tokens.append(logs["completions/mean_length"] * self.samples)

    def _reads(self, model: torch.nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        self.read += int(kwargs["attention_mask"].sum())


class Trivial(ORM):
    """A reward that costs next to nothing and varies."""

    def __call__(self, completions: list[str], **_: object) -> list[float]:
        return [len(completion) % 7 / 7 for completion in completions]


def fit_tiny(config: dict[str, Any]) -> None:
    """Have ms-swift take a tiny model's placeholders for what they are, and sample from all tokens but them."""
    Qwen2_5VLTemplate.image_token_id = config["image_token_id"]
    Qwen2_5VLTemplate.video_token_id = config["video_token_id"]
    generate = transformers.GenerationMixin.generate

    def without_placeholders(self: Any, *args: Any, **kwargs: Any) -> Any:
        settings = kwargs["generation_config"]
        settings.suppress_tokens = [config[name] for name in VISION]
        settings.top_k = 0  # ms-swift hands None on, which transformers takes for 50
        return generate(self, *args, **kwargs)

    transformers.GenerationMixin.generate = without_placeholders


def tell(clock: Clock) -> None:
    """Have every trainer that is made report to a clock."""
    made = transformers.Trainer.__init__

    @wraps(made)  # ms-swift looks at its arguments
    def with_clock(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self.add_callback(clock)

    transformers.Trainer.__init__ = with_clock


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(job["threads"])
    fit_tiny(json.loads((Path(job["model"]) / "config.json").read_text()))
    orms["trivial"] = Trivial
    clock = Clock(job["task"] == "sft", job["samples"])
    tell(clock)
    with tempfile.TemporaryDirectory() as folder:
        words = [*job["words"], "--output_dir", folder]
        sft_main(words) if job["task"] == "sft" else rlhf_main(words)
    print(json.dumps({"ends": clock.ends, "tokens": clock.tokens}))


if __name__ == "__main__":
    main()
