"""What sharing prefixes gives the learner: `python -m benchmarks.learner`

One forward and backward pass over a group about a video prompt, in the plain form (every sample by itself, the vision
tower included, as trainers without sharing do) and as a packed prefix tree, in turn in one process; the median of the
rounds' ratios counts. Peak memory is measured in a process of its own for each form.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.common.policies import gradients, largest_difference, make_policy
from rl.learner.batch import TokenBatch, make_batch
from rl.learner.micro_batches import Budget, plain, shared
from rl.learner.policy import Policy
from rl.learner.sequences import sequences_of
from rollout.families import Grid, Pixels
from rollout.media.medium import Medium
from rollout.positions import VisionBlock, mrope_positions
from rollout.prompts import TEXT, EncodedPrompt
from rollout.samples import TokenGroup

ROUNDS = 5
RESPONSE = 128


@dataclass(frozen=True)
class Case:
    """A group: G samples of a video prompt; `depth` 3 shares sections as a 2 x 2 x … tree does."""

    prompt: int = 1536
    group: int = 8
    depth: int = 1
    response: int = RESPONSE

    @property
    def name(self) -> str:
        return f"prompt {self.prompt}, G {self.group}, depth {self.depth}"


def groups_of(case: Case, policy: Policy, clips: int) -> tuple[list[TokenGroup], dict[Medium, Pixels]]:
    """The samples of a case, each as a group of its own, and their pixels; with several `clips`, each sample has its own copy."""
    config = policy.model.config
    rng = np.random.default_rng(0)
    time_steps, side = max(1, case.prompt // 128), 20
    tokens = time_steps * (side // 2) ** 2
    if tokens >= case.prompt:
        raise ValueError(f"{case.name}: the prompt is too short for its video")
    grid = (time_steps, side, side)
    text = rng.integers(20, 300, case.prompt - tokens)
    ids = np.concatenate([text[:8], np.full(tokens, config.video_token_id), text[8:]])
    vision = config.vision_config
    positions = mrope_positions(ids == config.video_token_id, [VisionBlock(*grid, vision.tokens_per_second)], 2)
    values = rng.standard_normal((int(np.prod(grid)), 3 * vision.temporal_patch_size * vision.patch_size**2)).astype(np.float32)
    media = [Medium("video", str(number)) for number in range(clips)]
    pixels = {medium: Pixels(values, Grid(*grid, fps=1.0)) for medium in media}
    replies = tree_replies(case, rng)
    shown = np.where(ids == config.video_token_id, 0, TEXT)
    prompts = [EncodedPrompt(ids, ids, positions, (media[n % clips],), shown) for n in range(case.group)]
    return [TokenGroup(prompt, (reply,)) for prompt, reply in zip(prompts, replies, strict=True)], pixels


def tree_replies(case: Case, rng: np.random.Generator) -> list[np.ndarray]:
    """Replies that share nothing (depth 1), or sections of equal length as the leaves of a binary tree do."""
    if case.depth == 1:
        return [rng.integers(20, 300, case.response) for _ in range(case.group)]
    if 2**case.depth != case.group:
        raise ValueError(f"{case.name}: a binary tree of this depth has {2**case.depth} leaves")
    cuts = np.linspace(0, case.response, case.depth + 1).astype(int)
    sections = {}
    found = []
    for leaf in range(case.group):
        parts = []
        for level in range(case.depth):
            key = (level, leaf >> (case.depth - 1 - level))
            parts.append(sections.setdefault(key, rng.integers(20, 300, cuts[level + 1] - cuts[level])))
        found.append(np.concatenate(parts))
    return found


def batch_of(case: Case, policy: Policy, share: bool) -> TokenBatch:
    """A case as one batch: as a packed prefix tree, or in the plain form."""
    groups, pixels = groups_of(case, policy, 1 if share else case.group)
    (rows,) = (shared if share else plain)(sequences_of(groups), Budget(2**31))
    return make_batch(rows, pixels, 2, 0)


def step(policy: Policy, batch: TokenBatch) -> tuple[float, torch.Tensor]:
    """(seconds of a forward and backward pass, log-probs); gradients are left on the policy."""
    policy.zero_grad()
    began = time.perf_counter()
    log_probs, _ = policy(batch)
    (log_probs * torch.linspace(-1, 1, len(log_probs))).sum().backward()
    return time.perf_counter() - began, log_probs.detach()


def compare(case: Case, policy: Policy) -> dict[str, float]:
    """Speed and agreement of the two forms."""
    plain, shared = batch_of(case, policy, share=False), batch_of(case, policy, share=True)
    step(policy, shared)  # the first pass of each shape allocates
    ratios, seconds = [], []
    for _ in range(ROUNDS):
        plain_seconds, plain_log_probs = step(policy, plain)
        expected = gradients(policy)
        shared_seconds, shared_log_probs = step(policy, shared)
        found = gradients(policy)
        ratios.append(plain_seconds / shared_seconds)
        seconds.append(shared_seconds)
    return {
        "speedup": round(statistics.median(ratios), 2),
        "token_bound": round(plain.input_ids.numel() / shared.input_ids.numel(), 2),
        "logprob_diff": float((plain_log_probs - shared_log_probs).abs().max()),
        "grad_rel_diff": largest_difference(expected, found),
        "seconds": round(statistics.median(seconds), 3),
        "noise": round((max(ratios) - min(ratios)) / 2 / statistics.median(ratios), 3),
    }


def peak_memory(case: Case, share: bool) -> float:
    """MiB that a step needs on top of the loaded model and its batch, in a process of its own."""
    words = [str(case.prompt), str(case.group), str(case.depth), str(int(share))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.learner", "--memory", *words], capture_output=True, text=True, check=True
    )
    return float(done.stdout.strip().splitlines()[-1])


def measure_memory(case: Case, share: bool) -> float:
    policy = make_policy()
    batch = batch_of(case, policy, share)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    before = _status("VmRSS")
    step(policy, batch)
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    """KiB of a line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--memory", nargs=4, type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.memory:
        prompt, group, depth, share = chosen.memory
        print(measure_memory(Case(prompt, group, depth), bool(share)))
        return
    policy = make_policy()
    flat, deep = Case(), Case(depth=3)
    result = compare(flat, policy)
    result["peak_memory_ratio"] = round(peak_memory(flat, share=True) / peak_memory(flat, share=False), 3)
    result["depth_3"] = compare(deep, policy)  # type: ignore[assignment]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
