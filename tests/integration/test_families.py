"""Qwen3-VL on real engines and learners, about every kind of media; with an adapter that engines are sent alone.

Qwen2.5-VL is in actors/.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import ray
from safetensors.numpy import load, save

from rl.config.load import load_config
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import Splits
from rl.run.workers import Workers, launch
from rollout.rows.data import open_rows
from tests.integration.actors.inside import LESSONS, replaced
from tests.integration.agreement import assert_media_agree
from tests.integration.conftest import QUICKSTART, small_settings

pytestmark = pytest.mark.timeout(400)


def test_qwen3_vl_sees_the_same_media_in_engine_and_learner(cluster: None, faces: Path, media_rows: Path, tmp_path: Path) -> None:
    words = ("model.tiny.family=qwen3_vl", "model.lora={rank: 4, alpha: 64, sync: adapter}")
    config = load_config(QUICKSTART, small_settings(faces, tmp_path, *words))
    rows = open_rows(media_rows)
    with launch(config, RunDirectory.create(config), Splits(open_rows(faces / "train.jsonl"), rows, rows)) as workers:
        for version in (1, 2):
            workers.learners.sft(LESSONS, learning_rate=1e-2)  # away from a random model's even distribution
            if version > 1:
                assert workers.sync.logprob_difference(workers.sync.probe.prompt) > 1e-3
            sent = workers.sync.load(version).bytes
            assert (sent < 500_000) == (version > 1)  # without the weights under the adapter, which are 15 million
            assert_media_agree(workers, rows)
        an_adapter_that_lacks_a_tensor_is_refused(workers)
        merged = tmp_path / "merged"
        workers.learners.save_model(merged)
        workers.learners.restart(merged)
        assert workers.sync.sync(4).logprob_diff < 1e-4  # other weights under a fresh adapter


def an_adapter_that_lacks_a_tensor_is_refused(workers: Workers) -> None:
    tensors = load(ray.get(workers.learners.adapter(60.0)[0]).tobytes())
    del tensors[next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.lora_B.weight"))]
    image = np.frombuffer(save(tensors), dtype=np.uint8)
    (rank,) = workers.learners.ranks.actors
    said = r"lacks 1 of the engine's tensors, .*layers\.1\.mlp\.up_proj\.lora_B"
    with replaced(rank, "learner.adapter", lambda: image), pytest.raises(ray.exceptions.RayTaskError, match=said):
        workers.sync.load(3)
