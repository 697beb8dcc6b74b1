"""Qwen3-VL on real engines and learners, about every kind of media; with an adapter that engines are sent alone.

Qwen2.5-VL is in test_engines.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import ray
from safetensors.numpy import load, save

from actors.sync.adapter import AdapterTransfer
from rl.config.load import load_config
from rl.record.directory import RunDirectory
from rl.run.preparation import Splits
from rl.run.workers import Workers, launch
from rollout.rows import open_rows
from tests.integration.agreement import assert_media_agree
from tests.integration.conftest import QUICKSTART, small_settings

pytestmark = pytest.mark.timeout(400)


def test_qwen3_vl_sees_the_same_media_in_engine_and_learner(cluster: None, faces: Path, media_rows: Path, tmp_path: Path) -> None:
    words = ("model.tiny.family=qwen3_vl", "model.lora={rank: 4, alpha: 64, sync: adapter}")
    config = load_config(QUICKSTART, small_settings(faces, tmp_path, *words))
    rows = open_rows(media_rows)
    with launch(config, RunDirectory.create(config), Splits(open_rows(faces / "train.jsonl"), rows, rows)) as workers:
        probe = workers.prompts(rows, [0], "probe")[0]
        for version in (1, 2):
            workers.learners.tune(list(range(8)), learning_rate=1e-2)  # away from a random model's even distribution
            if version > 1:
                assert workers.logprob_difference(probe) > 1e-3
            sent = workers.load(version).bytes
            assert (sent < 500_000) == (version > 1)  # without the weights under the adapter, which are 15 million
            assert_media_agree(workers, rows)
        an_adapter_that_lacks_a_tensor_is_refused(workers)
        workers.learners.restart(merged_model(workers))
        assert workers.sync(4, probe).logprob_diff < 1e-4  # other weights under a fresh adapter


def an_adapter_that_lacks_a_tensor_is_refused(workers: Workers) -> None:
    tensors = load(ray.get(workers.learners.adapter(60.0)[0]).tobytes())
    del tensors[next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.lora_B.weight"))]
    image = np.frombuffer(save(tensors), dtype=np.uint8)
    lacking = AdapterTransfer(workers.engines.seats[0].base[1], lambda: (ray.put(image), image.nbytes))
    with pytest.raises(ray.exceptions.RayTaskError, match=r"lacks 1 of the engine's tensors, .*layers\.1\.mlp\.up_proj\.lora_B"):
        workers.engines.load(lacking, 3)


def merged_model(workers: Workers) -> str:
    """The tuned model, whose adapter is merged."""
    folder = workers.config.runs + "/merged"
    workers.learners.call("save_model", folder)
    return folder
