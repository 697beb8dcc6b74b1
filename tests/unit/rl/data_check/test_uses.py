"""What a run does with which rows."""

from __future__ import annotations

from rl.config.schema import Config, StageConfig
from rl.data_check.uses import Uses
from rollout.rows.data import Stratum


def test_rows_are_tuned_on_rewarded_and_measured_as_the_config_says() -> None:
    config = Config()
    config.curriculum.stages = {
        "attribute": StageConfig(steps=3, mix={"attribute_*": 1, "faces/QA_eye|faces/QA_hair": 1, "rationale": 0, "mine/*": 1}),
        "left out": StageConfig(steps=0, mix={"emotion_*": 1}),
    }
    config.grpo.mix = {"*verified": 1}
    config.evaluation.every, config.evaluation.val_rows, config.evaluation.rows = 2, {"rationale": 4}, {"qa": 4}
    uses = Uses.of(config)
    assert uses.uses("train", Stratum("attribute_open", "x", "")) == {"tune"}
    assert uses.uses("train", Stratum("eye", "faces/QA_eye", "")) == {"tune"}
    assert uses.uses("train", Stratum("hair", "faces/QA_hair", "")) == {"tune"}
    assert uses.uses("train", Stratum("rationale", "faces/verified", "")) == {"reward"}
    assert uses.uses("train", Stratum("emotion_single", "x", "")) == frozenset()
    assert uses.uses("train", Stratum("qa", "x", "mine")) == {"tune"}
    assert uses.uses("val", Stratum("rationale", "x", "")) == {"reward"}
    assert uses.uses("val", Stratum("qa", "x", "")) == frozenset()
    assert uses.uses("test", Stratum("qa", "x", "")) == {"measure"}


def test_without_grpo_nothing_is_rewarded() -> None:
    config = Config()
    config.grpo.steps, config.evaluation.every = 0, 2
    uses = Uses.of(config)
    assert uses.uses("train", Stratum("rationale", "", "")) == uses.uses("val", Stratum("rationale", "", "")) == frozenset()
