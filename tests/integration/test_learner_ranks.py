"""DeepSpeed learner ranks: two under ZeRO-3 do what one does without ZeRO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ray
from safetensors.torch import load

from actors.cluster import wait_ready
from actors.learners import Learners
from rl.config import Config
from rl.learner_spec import LearnItem
from rl.team import learner_spec
from rollout.rows import open_rows

pytestmark = pytest.mark.timeout(400)


def learn(config: Config, model: Path, faces: Path, ranks: int, zero_stage: int) -> tuple[dict, dict, dict[str, np.ndarray]]:
    """A supervised step, then a GRPO update of two optimizer steps; gives both their numbers and the weights."""
    rows = open_rows(faces / "train.jsonl")
    spec = learner_spec(config, str(model), rows)
    spec = replace(spec, deepspeed=replace(spec.deepspeed, zero_stage=zero_stage), threads=1, token_budget=700)
    learners = Learners(ranks, cpus=0.5, gpus=0)
    wait_ready("room", [learners.room()], 60)
    learners.place()
    wait_ready("ranks", learners.start(spec), 200)
    learners.call("load_reference", str(model))
    tuned = learners.tune(list(range(6)), learning_rate=1e-4)
    chosen = [rows[i] for task in ("rationale", "attribute_open") for i in rows.indices_by_task()[task][:4]]
    prompts = learners.encode(chosen)
    replies = [learners_reply(learners, row.reference or "") for row in chosen]
    items = [
        LearnItem(p, ids, np.zeros(len(ids), dtype=np.float32), advantage)
        for p, ids, advantage in zip(prompts, replies, np.linspace(-1, 1, len(prompts)), strict=True)
    ]
    updated = learners.update([items[:5], items[5:]], learning_rate=1e-4)
    weights = {k: v.numpy() for k, v in load(ray.get(learners.weights()).tobytes()).items()}
    learners.shutdown()
    return tuned, updated, weights


def learners_reply(learners: Learners, text: str) -> np.ndarray:
    return learners.call("reply_ids", text)[0]


def test_two_ranks_under_zero3_equal_one_without(cluster: None, config: Config, tiny_model: Path, faces: Path) -> None:
    one = learn(config, tiny_model, faces, ranks=1, zero_stage=0)
    two = learn(config, tiny_model, faces, ranks=2, zero_stage=3)
    assert two[0]["loss"] == pytest.approx(one[0]["loss"], abs=1e-5)
    assert two[0]["gradient_norm"] == pytest.approx(one[0]["gradient_norm"], rel=1e-3)
    for name in ("loss", "kl", "entropy", "tokens", "clip_share"):
        assert two[1][name] == pytest.approx(one[1][name], abs=2e-4, rel=1e-3), name
    assert one[1]["kl"] > 0
    assert set(one[2]) == set(two[2])
    assert "lm_head.weight" in one[2]
    moved = [np.abs(one[2][name] - two[2][name]).mean() for name in one[2]]
    assert max(moved) < 2e-5  # three Adam steps of 1e-4; signs of vanishing gradients may differ
