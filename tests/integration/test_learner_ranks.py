"""DeepSpeed learner ranks: any number of them, under any ZeRO stage, sharing prefixes or not, do the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import ray
import torch
from safetensors.torch import load, load_file

from actors.cluster import wait_ready
from actors.learners.group import LearnerGroup
from actors.weights.group import WeightGroup, find_store
from rl.config.schema import Config, LoraConfig
from rl.learner.exporting import State, export_state
from rl.learner.learner import Learner
from rl.learner.policy import load_model
from rl.run.specs import learner_spec
from rollout.prompts import EncodedPrompt
from rollout.rows.data import open_rows
from rollout.rows.mixing import mixed_indices
from rollout.rows.row import Row
from rollout.samples import TokenCredit, TokenGroup

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Learned:
    """What a learner said and became."""

    first: dict[str, float]
    """What it said of a GRPO step on the fresh model."""
    after: list[np.ndarray]
    """Log-probs after that step, float32 (k,) for each reply."""
    supervised: dict[str, float]
    """What it said of the supervised step."""
    updated: dict[str, float]
    """What it said of the last update, of two optimizer steps."""
    weights: dict[str, np.ndarray]
    """Its weights at the end, by name in the checkpoint."""


@dataclass(frozen=True)
class Setting:
    """What the tests start from."""

    config: Config
    model: Path
    faces: Path
    media_rows: Path


def learn(
    setting: Setting,
    learners: LearnerGroup,
    zero_stage: int,
    share: bool,
    lora: LoraConfig | None = None,
    offload: Sequence[str] = (),
) -> Learned:
    """A GRPO step, a supervised step, then a GRPO update of two optimizer steps; on ranks that may have done so before."""
    rows, others = open_rows(setting.faces / "train.jsonl"), open_rows(setting.media_rows)
    settings = replace(
        setting.config.learner,
        ranks=learners.ranks.count,
        zero_stage=zero_stage,
        offload=list(offload),
        threads=1,
        token_budget=700,
    )
    settings = replace(settings, share_prefixes=share, gradient_checkpointing=zero_stage == 2)
    config = replace(setting.config, learner=settings, model=replace(setting.config.model, lora=lora))
    wait_ready("ranks", learners.start(learner_spec(config, str(setting.model))), 200)
    learners.load_reference(setting.model)
    chosen = [rows[i] for task in ("rationale", "attribute_open") for i in rows.indices_by_task()[task][:4]]
    chosen += [others[2], Row(0, "What is a scowl?", (), "qa", reference="brow")]  # images alone, and nothing to look at
    prompts = learners.encode(chosen)
    replies = learners.run(reply_ids, [row.reference or "" for row in chosen], timeout=60)[0]
    groups = [group_of(number, *pair) for number, pair in enumerate(zip(prompts, replies, strict=True))]
    first = learners.update([groups], learning_rate=1e-4)
    after = [log_probs for of_group in learners.log_probs(groups) for log_probs in of_group]
    supervised = learners.sft([rows[i] for i in range(6)], learning_rate=1e-4)
    updated = learners.update([groups[:4], groups[4:]], learning_rate=1e-4)
    learners.write_weights(checksum=False, timeout=60)
    weights = {k: v.float().numpy() for k, v in load(ray.get(learners.weight_copy()).tobytes()).items()}
    assert_the_same_is_broadcast(learners, weights)
    return Learned(first, after, supervised, updated, weights)


def reply_ids(learner: Learner, texts: list[str]) -> list[np.ndarray]:
    return [learner.reply_ids(text) for text in texts]


def group_of(number: int, prompt: EncodedPrompt, reply: np.ndarray) -> TokenGroup:
    """Three replies, with a shared and an unshared beginning."""
    replies = (reply, reply[: len(reply) // 2 + 1], np.roll(reply, 1))
    recorded = tuple(np.zeros(len(ids), dtype=np.float32) for ids in replies)
    advantages = tuple(float(np.cos(3 * number + place)) for place in range(3))
    return TokenGroup(prompt, replies, recorded, advantages, (TokenCredit(),) * 3)


def assert_the_same_is_broadcast(learners: LearnerGroup, weights: dict[str, np.ndarray]) -> None:
    handle = learners.rendezvous([object()], 2, 60.0)
    sending = learners.broadcast(handle)
    store = find_store(handle.address, handle.port, 60.0)
    group = WeightGroup(store, 1, handle.size, torch.device("cpu"), 60.0)
    received = dict(group.receive(handle.shapes, getattr(torch, handle.dtype)))
    ray.get(list(sending))
    assert set(received) == set(weights)
    for name, tensor in received.items():
        np.testing.assert_array_equal(tensor.float().numpy(), weights[name])


def ranks(count: int) -> Iterator[LearnerGroup]:
    learners = LearnerGroup(count, cpus=0.5, gpus=0)
    wait_ready("room", [learners.room()], 60)
    learners.place()
    yield learners
    learners.shutdown()


@pytest.fixture(scope="module")
def one_rank(cluster: None) -> Iterator[LearnerGroup]:
    yield from ranks(1)


@pytest.fixture(scope="module")
def two_ranks(cluster: None) -> Iterator[LearnerGroup]:
    yield from ranks(2)


@pytest.fixture(scope="module")
def setting(config: Config, tiny_model: Path, faces: Path, media_rows: Path) -> Setting:
    return Setting(config, tiny_model, faces, media_rows)


@pytest.fixture(scope="module")
def plain(setting: Setting, one_rank: LearnerGroup) -> Learned:
    return learn(setting, one_rank, zero_stage=0, share=False)


@pytest.mark.parametrize("zero_stage", [0, 2])
def test_shared_prefixes_change_nothing(plain: Learned, setting: Setting, one_rank: LearnerGroup, zero_stage: int) -> None:
    assert_equal(plain, learn(setting, one_rank, zero_stage, share=True))


@pytest.mark.parametrize(("zero_stage", "offload"), [(2, ("optimizer",)), (3, ()), (3, ("optimizer", "parameters"))])
def test_sharded_over_two_ranks_nothing_changes(
    plain: Learned, setting: Setting, two_ranks: LearnerGroup, zero_stage: int, offload: tuple[str, ...], tmp_path: Path
) -> None:
    assert_equal(plain, learn(setting, two_ranks, zero_stage, share=True, offload=offload))
    assert_the_state_holds_the_model(two_ranks, setting, None, tmp_path / "export")
    two_ranks.save_state(tmp_path)
    losses = sft_losses(two_ranks, setting)
    two_ranks.load_state(tmp_path)
    assert sft_losses(two_ranks, setting) == pytest.approx(losses, rel=1e-5)  # weights, and the optimizer's memory


def test_rows_by_clip_are_learned_from_on_two_ranks_as_they_are_one_by_one(
    setting: Setting, one_rank: LearnerGroup, two_ranks: LearnerGroup
) -> None:
    rows = open_rows(setting.faces / "train.jsonl")
    draws = mixed_indices(rows, {"attribute_*": 1.0, "rationale": 0.2}, seed=0, together=5)
    steps = [[rows[index] for index in islice(draws, 16)] for _ in range(2)]
    assert all(len({row.media for row in step}) < 8 for step in steps)
    said = []
    for learners, share in ((one_rank, False), (two_ranks, True)):
        settings = replace(setting.config.learner, ranks=learners.ranks.count, threads=1, share_prefixes=share)
        wait_ready("ranks", learners.start(learner_spec(replace(setting.config, learner=settings), str(setting.model))), 200)
        said.append([learners.sft(step, learning_rate=1e-3) for step in steps])
        encoded = learners.encode(steps[0])
        assert [one.media for one in encoded] == [row.media for row in steps[0]]  # each answer with its row
    for plain, found in zip(*said, strict=True):
        assert found["tokens"] == plain["tokens"]
        assert found["loss"] == pytest.approx(plain["loss"], abs=1e-5)
        assert found["gradient_norm"] == pytest.approx(plain["gradient_norm"], rel=1e-3)


def test_bfloat16_learns_the_same_within_its_precision(
    plain: Learned, setting: Setting, two_ranks: LearnerGroup, tmp_path: Path
) -> None:
    config = replace(setting.config, model=replace(setting.config.model, dtype="bfloat16"))
    coarse = replace(setting, config=config)
    found = learn(coarse, two_ranks, zero_stage=2, share=True)
    assert_the_state_holds_the_model(two_ranks, coarse, None, tmp_path)
    assert found.first["entropy"] == pytest.approx(plain.first["entropy"], rel=0.01)
    # most weights are too coarse to show a step of 1e-4; the float32 masters take it all the same
    original = load_model(setting.model, torch.float32).state_dict()
    moves = [[learned.weights[name] - original[name].numpy() for name in original] for learned in (plain, found)]
    ours, theirs = (np.concatenate([move.ravel() for move in part]) for part in moves)
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert cosine > 0.4


def assert_the_state_holds_the_model(learners: LearnerGroup, setting: Setting, lora: LoraConfig | None, folder: Path) -> None:
    """What is exported from a saved state, without ranks, is what the ranks themselves write."""
    learners.save_state(folder / "state_of")
    learners.save_model(folder / "model")
    model = replace(setting.config.model, lora=lora)
    export_state(State(folder / "state_of", str(setting.model), None, model), folder / "exported", None, adapter=False)
    written, exported = (load_file(folder / name / "model.safetensors") for name in ("model", "exported"))
    assert written.keys() == exported.keys()
    for name, tensor in written.items():
        assert tensor.dtype == exported[name].dtype
        np.testing.assert_array_equal(exported[name].float().numpy(), tensor.float().numpy(), err_msg=name)


def sft_losses(learners: LearnerGroup, setting: Setting) -> list[float]:
    rows = open_rows(setting.faces / "train.jsonl")
    return [learners.sft([rows[index] for index in range(6)], learning_rate=1e-3)["loss"] for _ in range(3)]


def test_adapters_change_nothing_either(
    setting: Setting, one_rank: LearnerGroup, two_ranks: LearnerGroup, tmp_path: Path
) -> None:
    lora = LoraConfig(8, 16.0, ["q_proj", "v_proj", "down_proj"])
    plain = learn(setting, one_rank, zero_stage=0, share=False, lora=lora)
    sharded = learn(setting, two_ranks, zero_stage=3, share=True, lora=lora)
    assert_equal(plain, sharded)
    assert_the_state_holds_the_model(one_rank, setting, lora, tmp_path / "one")
    assert_the_state_holds_the_model(two_ranks, setting, lora, tmp_path / "two")
    alone = load(ray.get(two_ranks.adapter(60.0)[0]).tobytes())
    original = load_model(setting.model, torch.float32).state_dict()
    changed = {name for name, weight in original.items() if np.abs(weight.numpy() - plain.weights[name]).max() > 0}
    assert changed
    assert all(name.split(".")[-2] in lora.modules and "language_model" in name for name in changed)
    assert len(alone) == 2 * len(changed)
    for name in changed:
        a, b = (alone[f"base_model.model.{name.removesuffix('.weight')}.lora_{part}.weight"] for part in "AB")
        added = (16.0 / 8 * b @ a).numpy()
        np.testing.assert_allclose(original[name].numpy() + added, sharded.weights[name], atol=1e-6)


def test_qwen3_vl_is_the_same_on_two_ranks(
    setting: Setting, tiny_models: dict[str, Path], one_rank: LearnerGroup, two_ranks: LearnerGroup
) -> None:
    setting = replace(setting, model=tiny_models["qwen3_vl"])
    plain = learn(setting, one_rank, zero_stage=0, share=False)
    assert_equal(plain, learn(setting, two_ranks, zero_stage=3, share=True))


def assert_equal(plain: Learned, found: Learned) -> None:
    for name in ("loss", "kl", "entropy", "gradient_norm", "tokens"):
        assert found.first[name] == pytest.approx(plain.first[name], abs=1e-5, rel=1e-5), name
    differences = [np.abs(a - b).max() for a, b in zip(plain.after, found.after, strict=True)]
    assert max(differences) < 1e-5
    assert found.supervised["loss"] == pytest.approx(plain.supervised["loss"], abs=1e-5)
    assert found.supervised["gradient_norm"] == pytest.approx(plain.supervised["gradient_norm"], rel=1e-3)
    for name in ("loss", "kl", "entropy", "tokens", "clip_share"):
        assert found.updated[name] == pytest.approx(plain.updated[name], abs=2e-4, rel=1e-3), name
    assert plain.updated["kl"] > 0
    assert set(plain.weights) == set(found.weights)
    assert "lm_head.weight" in plain.weights
    moved = [np.abs(plain.weights[name] - found.weights[name]).mean() for name in plain.weights]
    assert max(moved) < 2e-5  # four Adam steps of 1e-4; signs of vanishing gradients may differ
