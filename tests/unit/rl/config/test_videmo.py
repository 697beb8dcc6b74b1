"""The presets of the paper: what it discloses stands in them, and they ask for tasks that its published rows have."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from rl.config.load import load_config
from rl.config.schema import Config, scorer_entries
from rollout.rows import formats

TABLE = Path(formats.__file__).with_name("emo_cfg.yaml")
WITHOUT_ROWS = ["data.sets={}", "data.faces={}"]
"""Words in place of the data, which are looked for."""
OURS = {"rationale", "instruction"}
"""Tasks of the preset's other two sets: trees, and rows of text alone."""


@pytest.fixture(scope="module", params=["videmo_3b", "videmo_7b"])
def config(request: pytest.FixtureRequest) -> Config:
    return load_config(Path(request.param), WITHOUT_ROWS)


def published() -> set[str]:
    return {line["task"] for line in yaml.safe_load(TABLE.read_text("utf-8"))["tasks"]}


def drawn(mix: dict[str, float]) -> set[str]:
    return {one for pattern in mix for one in pattern.split("|")}


def test_every_task_that_it_asks_for_is_a_task_of_the_published_rows(config: Config) -> None:
    mixes = [config.grpo.mix, *(stage.mix for stage in config.curriculum.stages.values())]
    asked = {*config.evaluation.rows, *config.evaluation.val_rows}.union(*map(drawn, mixes))
    assert asked <= published() | OURS


def test_every_published_task_is_tuned_on_once(config: Config) -> None:
    of_stages = [drawn(stage.mix) - {"instruction"} for stage in config.curriculum.stages.values()]
    assert sum(map(len, of_stages)) == len(set.union(*of_stages))
    assert set.union(*of_stages) >= published() - {"expression_open"}  # of which table 7 has none


def test_what_the_paper_discloses(config: Config) -> None:
    assert list(config.curriculum.stages) == ["attribute", "expression", "emotion"]
    for stage in config.curriculum.stages.values():
        told = (stage.epochs, stage.batch, stage.learning_rate, stage.final_learning_rate, stage.warmup)
        assert told == (3, 1024, 2e-5, 0.0, 0.03)
        assert stage.mix["instruction"] == 0.05 == pytest.approx(1 - max(stage.mix.values()))
    grpo = config.grpo
    assert (grpo.prompts * grpo.group, grpo.group, grpo.learning_rate, grpo.warmup) == (128, 8, 1e-5, 0.03)
    assert (config.data.max_frames, config.data.max_pixels, config.evaluation.max_tokens) == (16, 100_352, {"*": 2048})


def test_only_the_larger_model_is_reinforced() -> None:
    small, large = (load_config(Path(name), WITHOUT_ROWS) for name in ("videmo_3b", "videmo_7b"))
    assert small.grpo.steps == 0 < large.grpo.steps


def test_each_kind_of_data_that_is_reinforced_has_its_reward(config: Config) -> None:
    entries = scorer_entries(config)
    kinds = [{e.scorer.name for e in entries for task in drawn({mix: 1}) if e.counts_for(task)} for mix in config.grpo.mix]
    assert kinds == [{"qa"}, {"caption"}, {"tree_edit", "caption_tree"}]
    assert all(any(e.counts_for(task) for e in entries) for task in drawn(config.grpo.mix))
    assert not any(fnmatch("instruction", pattern) for pattern in drawn(config.grpo.mix))
