"""Forward and backward passes over rows about clips: by clip, as one forest of what rows begin with alike, and row by row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.common.policies import gradients, largest_difference
from benchmarks.common.timing import median, noise
from rl.learner.batch import TokenBatch, make_batch
from rl.learner.micro_batches import Budget, plain, shared
from rl.learner.policy import Policy
from rl.learner.sequences import TokenSequence, sequences_of
from rollout.families import Grid, Pixels
from rollout.media.medium import Medium
from rollout.positions import VisionBlock, mrope_positions
from rollout.prompts import TEXT, EncodedPrompt
from rollout.samples import TokenGroup

SIDES = 16, 32
"""Patches of a frame: 224 x 448 pixels, 128 tokens for two frames."""
HEAD = 4
"""Tokens before the clip."""


@dataclass(frozen=True)
class Case:
    """Rows about clips, each a question and its answer, which is learned."""

    clips: int = 4
    rows: int = 5
    """Of each clip."""
    frames: int = 16
    question: int = 30
    answer: int = 40
    token_budget: int = 8192


@dataclass(frozen=True)
class Pass:
    """What a forward and backward pass over all rows took and gave."""

    seconds: float
    log_probs: torch.Tensor
    """Of every answer's tokens, row by row."""


def sequences(case: Case, policy: Policy, apart: bool) -> tuple[list[TokenSequence], dict[Medium, Pixels]]:
    """The rows of a case, clip by clip, and their pixels.

    Args:
        apart: each row has a copy of its clip, as rows have that are drawn one by one.
    """
    config, rng = policy.model.config, np.random.default_rng(0)
    vision = config.vision_config
    grid = Grid(case.frames // vision.temporal_patch_size, *SIDES, fps=2.0)
    block = VisionBlock(*grid.patches, vision.tokens_per_second)
    shows = np.full(block.tokens(vision.spatial_merge_size), config.video_token_id)
    head = rng.integers(20, 300, HEAD)
    groups, pixels = [], {}
    for clip in range(case.clips):
        size = int(np.prod(grid.patches)), vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
        values = rng.standard_normal(size).astype(np.float32)
        for row in range(case.rows):
            medium = Medium("video", f"{clip} {row}" if apart else str(clip))
            pixels[medium] = Pixels(values, grid)
            ids = np.concatenate([head, shows, rng.integers(20, 300, case.question)])
            places = ids == config.video_token_id
            positions = mrope_positions(places, [block], vision.spatial_merge_size)
            prompt = EncodedPrompt(ids, ids, positions, (medium,), np.where(places, 0, TEXT))
            groups.append(TokenGroup(prompt, (rng.integers(20, 300, case.answer),)))
    return sequences_of(groups), pixels


def batches(case: Case, policy: Policy, share: bool, apart: bool) -> list[TokenBatch]:
    """The micro-batches of a case in one of its forms."""
    found, pixels = sequences(case, policy, apart)
    budget = Budget(case.token_budget)
    rows = shared(found, budget) if share else plain(found, budget)
    return [make_batch(row, pixels, policy.model.config.vision_config.spatial_merge_size, 0) for row in rows]


def learn(policy: Policy, given: Sequence[TokenBatch]) -> Pass:
    """Forward and backward over the micro-batches of a supervised step; gradients are left on the policy."""
    targets = sum(len(batch.distinct) for batch in given)
    policy.zero_grad()
    found: dict[int, torch.Tensor] = {}
    began = time.perf_counter()
    for batch in given:
        log_probs, _ = policy(batch)
        (-log_probs.sum() / targets).backward()
        sizes = torch.bincount(batch.sequence_of, minlength=batch.sequences).tolist()
        found.update(zip(batch.members, log_probs.detach().split(sizes), strict=True))
    return Pass(time.perf_counter() - began, torch.cat([found[member] for member in sorted(found)]))


def compare(case: Case, policy: Policy, rounds: int) -> dict[str, float]:
    """By clip against row by row, in turn; row by row also with the vision tower run once for each clip of a batch."""
    by_clip = batches(case, policy, share=True, apart=False)
    by_row = batches(case, policy, share=False, apart=True)
    tower_once = batches(case, policy, share=False, apart=False)
    learn(policy, by_clip)  # the first pass of each shape allocates
    ratios, once, seconds = [], [], []
    for _ in range(rounds):
        expected = learn(policy, by_row)
        wanted = gradients(policy)
        found = learn(policy, by_clip)
        ratios.append(expected.seconds / found.seconds)
        difference = largest_difference(wanted, gradients(policy))
        once.append(learn(policy, tower_once).seconds / found.seconds)
        seconds.append(found.seconds)
    return {
        "by_clip_speedup": median(ratios),
        "vs_tower_once": median(once),
        "token_bound": round(_tokens(by_row) / _tokens(by_clip), 2),
        "logprob_diff": float((expected.log_probs - found.log_probs).abs().max()),
        "grad_rel_diff": difference,
        "seconds": median(seconds, 3),
        "noise": noise(ratios),
    }


def _tokens(given: Sequence[TokenBatch]) -> int:
    return sum(int(batch.attention_mask.sum()) for batch in given)
