"""DeepSpeed learner ranks: any number of them, under any ZeRO stage, sharing prefixes or not, do the same."""

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
from rollout.rows import Row, open_rows

pytestmark = pytest.mark.timeout(400)


def learn(
    config: Config, model: Path, faces: Path, ranks: int, zero_stage: int, share: bool
) -> tuple[dict, dict, dict[str, np.ndarray]]:
    """A supervised step, then a GRPO update of two optimizer steps; gives both their numbers and the weights."""
    rows = open_rows(faces / "train.jsonl")
    spec = learner_spec(config, str(model), rows)
    spec = replace(spec, deepspeed=replace(spec.deepspeed, zero_stage=zero_stage), threads=1, token_budget=700)
    spec = replace(spec, share_prefixes=share, gradient_checkpointing=zero_stage == 2)
    learners = Learners(ranks, cpus=0.5, gpus=0)
    wait_ready("room", [learners.room()], 60)
    learners.place()
    wait_ready("ranks", learners.start(spec), 200)
    learners.call("load_reference", str(model))
    tuned = learners.tune(list(range(6)), learning_rate=1e-4)
    chosen = [rows[i] for task in ("rationale", "attribute_open") for i in rows.indices_by_task()[task][:4]]
    chosen += [Row(n, f"{question}?", (), "qa", reference="brow") for n, question in enumerate(("What is a scowl", "A frown"))]
    prompts = learners.encode(chosen)  # the last two have no clip: some micro-batches of some rank are text alone
    items = []
    for prompt, row in zip(prompts, chosen, strict=True):
        reply = learners_reply(learners, row.reference or "")
        for ids in (reply, reply[: len(reply) // 2 + 1], np.roll(reply, 1)):  # a group with a shared and an unshared beginning
            advantage = float(np.cos(len(items)))
            items.append(LearnItem(prompt, ids, np.zeros(len(ids), dtype=np.float32), advantage))
    updated = learners.update([items[:12], items[12:]], learning_rate=1e-4)
    weights = {k: v.numpy() for k, v in load(ray.get(learners.weights()).tobytes()).items()}
    learners.shutdown()
    return tuned, updated, weights


def learners_reply(learners: Learners, text: str) -> np.ndarray:
    return learners.call("reply_ids", text)[0]


@pytest.fixture(scope="module")
def plain(cluster: None, config: Config, tiny_model: Path, faces: Path) -> tuple[dict, dict, dict[str, np.ndarray]]:
    return learn(config, tiny_model, faces, ranks=1, zero_stage=0, share=False)


@pytest.mark.parametrize(("ranks", "zero_stage"), [(1, 0), (1, 2), (2, 3)])
def test_shared_prefixes_and_ranks_change_nothing(
    plain: tuple, config: Config, tiny_model: Path, faces: Path, ranks: int, zero_stage: int
) -> None:
    found = learn(config, tiny_model, faces, ranks, zero_stage, share=True)
    assert found[0]["loss"] == pytest.approx(plain[0]["loss"], abs=1e-5)
    assert found[0]["gradient_norm"] == pytest.approx(plain[0]["gradient_norm"], rel=1e-3)
    for name in ("loss", "kl", "entropy", "tokens", "clip_share"):
        assert found[1][name] == pytest.approx(plain[1][name], abs=2e-4, rel=1e-3), name
    assert plain[1]["kl"] > 0
    assert set(plain[2]) == set(found[2])
    assert "lm_head.weight" in plain[2]
    moved = [np.abs(plain[2][name] - found[2][name]).mean() for name in plain[2]]
    assert max(moved) < 2e-5  # three Adam steps of 1e-4; signs of vanishing gradients may differ
