"""A frozen tower on several ranks, which is sharded under ZeRO-3: ranks that lack different media learn the same as one rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from actors.cluster import wait_ready
from actors.learners.group import LearnerGroup
from rl.config.schema import Config, LoraConfig, ModelConfig
from rl.run.specs import learner_spec
from rollout.rows.data import open_rows
from rollout.rows.row import Row
from rollout.samples import TokenGroup
from tests.integration.test_learner_ranks import group_of, ranks, reply_ids

pytestmark = pytest.mark.timeout(400)

TEXT = Row(0, "What is a scowl?", (), "qa", reference="brow")


@dataclass(frozen=True)
class Step:
    """A supervised step on two ranks, and what has to become of its media."""

    first: Sequence[Row]
    second: Sequence[Row]
    computed: int
    hits: int


@pytest.fixture(scope="module")
def steps(faces: Path, media_rows: Path) -> list[Step]:
    """Each row of faces is about a clip of its own. All rows of a rank are one micro-batch."""
    drawn, others = open_rows(faces / "train.jsonl"), open_rows(media_rows)
    a, b, c, d = (drawn[index] for index in drawn.indices_by_task()["rationale"][:4])
    images = others[2]  # two of them
    return [
        Step([a, TEXT], [b], computed=2, hits=0),
        Step([a], [c, d, images, TEXT], computed=4, hits=1),
        Step([TEXT], [a], computed=1, hits=0),  # which the other rank has
        Step([TEXT], [b, c], computed=0, hits=2),
        Step([b, a], [TEXT], computed=1, hits=1),
    ]


@pytest.fixture(scope="module")
def one_rank(cluster: None) -> Iterator[LearnerGroup]:
    yield from ranks(1)


@pytest.fixture(scope="module")
def two_ranks(cluster: None) -> Iterator[LearnerGroup]:
    yield from ranks(2)


def started(
    learners: LearnerGroup, config: Config, model: Path, frozen: ModelConfig, zero_stage: int, offload: Sequence[str] = ()
) -> LearnerGroup:
    learner = replace(
        config.learner, ranks=learners.ranks.count, zero_stage=zero_stage, offload=list(offload), threads=1, token_budget=4000
    )
    spec = learner_spec(replace(config, learner=learner, model=frozen), str(model))
    wait_ready("ranks", learners.start(spec), 200)
    return learners


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
@pytest.mark.parametrize(("zero_stage", "offload"), [(2, ()), (3, ()), (3, ("optimizer", "parameters"))])
def test_ranks_that_lack_different_media_learn_what_one_rank_does(
    config: Config,
    tiny_models: dict[str, Path],
    steps: list[Step],
    one_rank: LearnerGroup,
    two_ranks: LearnerGroup,
    family: str,
    zero_stage: int,
    offload: tuple[str, ...],
) -> None:
    model, frozen = tiny_models[family], replace(config.model, freeze=["vision", "projector"])
    trained = started(one_rank, config, model, replace(config.model, freeze=["vision"]), 0)  # computes all anew
    plain = [trained.ranks.call("sft", [([*step.first, *step.second], _rows(step), 1e-4)], changes=True)[0] for step in steps]
    assert not any("tower_hits" in stats for stats in plain)
    alone = started(one_rank, config, model, frozen, 0)
    expected = [alone.ranks.call("sft", [([*step.first, *step.second], _rows(step), 1e-4)], changes=True)[0] for step in steps]
    assert expected[0]["loss"] == pytest.approx(plain[0]["loss"], abs=1e-5)  # afterwards the projector has moved
    assert sum(stats["tower_computed"] for stats in expected) == 6  # each medium once
    sharded = started(two_ranks, config, model, frozen, zero_stage, offload)
    for step, alike in zip(steps, expected, strict=True):
        found = sharded.ranks.call("sft", [(step.first, _rows(step), 1e-4), (step.second, _rows(step), 1e-4)], changes=True)
        assert found[0]["loss"] == pytest.approx(alike["loss"], abs=1e-5)
        assert found[0]["gradient_norm"] == pytest.approx(alike["gradient_norm"], rel=1e-3)
        assert (found[0]["tower_computed"], found[0]["tower_hits"]) == (step.computed, step.hits)


@pytest.mark.parametrize("lora", [None, LoraConfig(4, 8.0)])
def test_epochs_and_the_reference_see_what_has_been_seen(
    config: Config, tiny_model: Path, faces: Path, two_ranks: LearnerGroup, lora: LoraConfig | None, tmp_path: Path
) -> None:
    assert config.grpo.kl > 0 and config.grpo.epochs == 2
    frozen = replace(config.model, lora=lora, freeze=["vision", "projector"])
    learners = started(two_ranks, config, tiny_model, frozen, zero_stage=3)
    learners.load_reference(tiny_model)
    rows = open_rows(faces / "train.jsonl")
    groups = _groups(learners, [rows[index] for index in rows.indices_by_task()["rationale"][:4]])
    mini_batches = [groups[:2], groups[2:]]

    def update() -> dict[str, float]:
        return learners.update(mini_batches, learning_rate=1e-4)

    # all in two epochs and by the reference, and the second mini-batch for its old log-probs
    first = update()
    assert (first["tower_computed"], first["tower_hits"]) == (4, 10)
    again = update()
    assert (again["tower_computed"], again["tower_hits"]) == (0, 14)
    assert again["kl"] > 0
    learners.save_state(tmp_path / "state")
    learners.load_state(tmp_path / "state")
    resumed = update()
    assert (resumed["tower_computed"], resumed["tower_hits"]) == (0, 14)  # it is the same tower
    learners.save_model(tmp_path / "tuned")
    learners.restart(tmp_path / "tuned")
    learners.load_reference(tmp_path / "tuned")
    restarted = update()
    assert (restarted["tower_computed"], restarted["tower_hits"]) == (0, 14)


def _rows(step: Step) -> int:
    return len(step.first) + len(step.second)


def _groups(learners: LearnerGroup, rows: list[Row]) -> list[TokenGroup]:
    replies: list[np.ndarray] = learners.run(reply_ids, [row.reference or "" for row in rows], timeout=60)[0]
    pairs = zip(learners.encode(rows), replies, strict=True)
    return [group_of(number, *pair) for number, pair in enumerate(pairs)]
