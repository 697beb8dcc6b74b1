"""What may be another when a run goes on, and in a fork; and what becomes of its lengths and rates."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from rl.config.changes import Change, changes
from rl.config.going_on import BOUND, not_in_fork, not_on_resume
from rl.config.keys import all_keys
from rl.config.lengths import Done, length_problems, rates_told, with_restarts
from rl.config.load import load_config
from rl.config.rates import learning_rate
from rl.config.resumption import MAY_CHANGE, WHY_NOT
from rl.config.schema import Config

QUICKSTART = Path("configs/quickstart.yaml")
TUNING = Done("tune", 25, {"attribute": 20, "expression": 5}, 1e-5)
LEARNING = Done("grpo", 12, {}, 7e-5)


@pytest.fixture(scope="module")
def old() -> Config:
    return load_config(QUICKSTART, ["grpo.steps=30"], files=False)


def new(*words: str) -> Config:
    return load_config(QUICKSTART, ["grpo.steps=30", *words], files=False)


def longer(steps: int, *words: str) -> Config:
    return load_config(QUICKSTART, [f"grpo.steps={steps}", *words], files=False)


def refused(old: Config, changed: Config, done: Done = LEARNING) -> dict[str, str]:
    return {change.key: why for change, why in not_on_resume(old, changed, done, moved=lambda change: False)}


def test_a_change_names_the_setting_and_both_values(old: Config) -> None:
    found = changes(old, new("grpo.kl=0.5", "grpo.mix={rationale: 2}", "rewards.scorers.leaf=null"))
    assert Change("grpo.kl", old.grpo.kl, 0.5) in found
    assert Change("grpo.mix", old.grpo.mix, {"rationale": 2.0}) in found
    assert Change("rewards.scorers.leaf.weight", old.rewards.scorers["leaf"].weight, None) in found
    assert str(Change("grpo.kl", 0.04, None)) == "grpo.kl from 0.04 to null"


def test_a_value_that_is_there_already_is_no_change_but_another_order_of_a_mix_is(old: Config) -> None:
    assert changes(old, new(f"grpo.kl={old.grpo.kl}")) == []
    one, other = new("grpo.mix={rationale: 1, emotion_single: 1}"), new("grpo.mix={emotion_single: 1, rationale: 1}")
    assert [change.key for change in changes(one, other)] == ["grpo.mix"]


def test_every_pattern_of_the_tables_fits_a_setting() -> None:
    keys = [key.replace("NAME", "x") for key in all_keys()]
    for one in (*MAY_CHANGE, *WHY_NOT, *BOUND):
        for pattern in one.keys:
            assert any(fnmatchcase(key, pattern) for key in keys), pattern


def test_what_changes_neither_learning_nor_measuring_may_change(old: Config) -> None:
    words = ("cluster.start_timeout=9", "learner.token_budget=100", "rollout.engines=2", "rewards.workers=3", "learner.ranks=2")
    assert refused(old, new(*words, "checkpoints.keep=7", "tracking.mlflow=false", "rewards.scorers.leaf.timeout=3")) == {}
    assert refused(old, longer(60, "evaluation.every=3", "grpo.prolong=stretch", "data.bad_rows=skip")) == {}


def test_all_else_is_refused_with_a_reason(old: Config) -> None:
    changed = new(
        "grpo.kl=0.5", "seed=9", "name=other", "learner.beta2=0.5", "evaluation.rows={rationale: 3}", "learner.zero_stage=1"
    )
    found = refused(old, changed)
    assert list(found) == ["name", "seed", "grpo.kl", "learner.zero_stage", "learner.beta2", "evaluation.rows"]
    assert found["grpo.kl"] == found["seed"] == "it changes what is learned"
    assert "checkpoints" in found["learner.zero_stage"]
    assert "compared" in found["evaluation.rows"]


def test_how_rows_are_drawn_may_not_change_under_way_but_in_a_fork(old: Config) -> None:
    changed = new("batch.by=clip", "batch.prompts_by=clip", "batch.clip_rows=5")
    for done in (TUNING, LEARNING):
        found = refused(old, changed, done)
        assert list(found) == ["batch.by", "batch.prompts_by", "batch.clip_rows"]
        assert set(found.values()) == {"rows would be drawn in another order, some of them again and others not at all"}
    assert list(not_in_fork(old, changed, TUNING, True)) == []


def test_ranks_are_bound_to_sharded_checkpoints(old: Config) -> None:
    sharded = new("learner.zero_stage=2", "learner.ranks=2")
    assert list(refused(new("learner.zero_stage=2"), sharded)) == ["learner.ranks"]
    assert [change.key for change, _ in not_in_fork(new("learner.zero_stage=2"), sharded, LEARNING, True)] == ["learner.ranks"]
    assert list(not_in_fork(old, new("learner.ranks=2"), LEARNING, True)) == []


def test_a_function_whose_text_has_moved_is_the_same(old: Config) -> None:
    changed = new("grpo.estimator=elsewhere.py:mine")
    assert list(not_on_resume(old, changed, LEARNING, moved=lambda change: change.key == "grpo.estimator")) == []


def test_stages_that_have_not_begun_may_change_and_the_running_one_its_length(old: Config) -> None:
    assert refused(old, new("curriculum.stages.emotion.batch=16", "curriculum.stages.expression.steps=50"), TUNING) == {}
    assert refused(old, new("curriculum.stages.more={steps: 5, mix: {rationale: 1}}"), TUNING) == {}
    assert refused(old, new("curriculum.stages.emotion=null"), TUNING) == {}
    keys = ("curriculum.stages.expression.batch", "curriculum.stages.attribute.steps")
    assert refused(old, new(*(f"{key}=16" for key in keys)), TUNING) == dict.fromkeys(reversed(keys), "the stage has begun")
    assert "curriculum.stages" in refused(old, new("curriculum.stages.attribute=null"), TUNING)
    assert set(refused(old, new("curriculum.stages.emotion.batch=16")).values()) == {"tuning is over"}


def test_a_fork_may_change_all_but_what_its_checkpoint_is_bound_to(old: Config) -> None:
    free = new("grpo.kl=0.5", "grpo.loss=cispo", "seed=9", "name=other", "rewards.scorers.leaf=null", "learner.weight_decay=0.1")
    assert list(not_in_fork(old, free, LEARNING, whole=True)) == []
    bound = new("model.dtype=bfloat16", "model.lora={}", "model.tiny.layers=2", "curriculum.stages.emotion.batch=16")
    found = {change.key: why for change, why in not_in_fork(old, bound, LEARNING, whole=True)}
    assert {"model.dtype", "model.lora.rank", "model.tiny.layers", "curriculum.stages.emotion.batch"} <= found.keys()
    assert "precision" in found["model.dtype"]
    assert "adapters" in found["model.lora.rank"]
    from_weights = [change.key for change, _ in not_in_fork(old, bound, replace(LEARNING, step=0), whole=False)]
    assert from_weights == ["model.tiny.layers", "curriculum.stages.emotion.batch"]


@pytest.mark.parametrize("done", [1, 12, 30])
def test_a_prolonged_run_has_the_rates_of_one_that_was_to_restart_there(old: Config, done: int) -> None:
    prolonged = with_restarts(old, longer(60), Done("grpo", done))
    assert prolonged.grpo.restarts == [30]
    before = [learning_rate(old.grpo, step) for step in range(1, 31)]
    assert [learning_rate(prolonged.grpo, step) for step in range(1, 61)] == before + before
    again = with_restarts(prolonged, prolonged, Done("grpo", done + 1))
    assert again == prolonged


def test_restarts_that_are_given_stand(old: Config) -> None:
    assert with_restarts(old, longer(60, "grpo.restarts=[20, 40]"), LEARNING).grpo.restarts == [20, 40]


def test_a_length_below_what_is_done_is_refused(old: Config) -> None:
    assert list(length_problems(longer(12), LEARNING)) == []
    assert list(length_problems(longer(11), LEARNING)) == ["grpo.steps = 11: 12 steps are done; give as many or more"]
    (told,) = length_problems(new("curriculum.stages.expression.steps=4"), TUNING)
    assert told == "curriculum.stages.expression.steps = 4: 5 steps are done; give as many or more"


def test_the_rates_on_both_sides_are_told(old: Config) -> None:
    following = f"step 12 had 7e-05, step 13 has {learning_rate(old.grpo, 13):.3g}"
    (restarted,) = rates_told(old, with_restarts(old, longer(60), LEARNING), LEARNING)
    assert restarted.startswith("60 GRPO steps instead of 30: the learning rate of steps up to 30 stays as it was to be, and")
    assert restarted.endswith(following)
    stretched = with_restarts(old, longer(60, "grpo.prolong=stretch"), LEARNING)
    (told,) = rates_told(old, stretched, LEARNING)
    assert "the cosine of the learning rate is stretched to steps 1 to 60" in told
    assert f"step 13 has {learning_rate(stretched.grpo, 13):.3g}" in told
    assert learning_rate(stretched.grpo, 13) > learning_rate(old.grpo, 13)
    (told,) = rates_told(old, with_restarts(old, longer(12), LEARNING), LEARNING)
    assert told.endswith("shortened to steps 1 to 12; step 12 had 7e-05, no step is left")
    (told,) = rates_told(old, new("grpo.learning_rate=1.0"), LEARNING)
    assert told.startswith("the learning rate is another; step 12 had 7e-05, step 13 has")
    assert list(rates_told(old, new("grpo.kl=0.5"), LEARNING)) == []
    (told,) = rates_told(old, new("curriculum.stages.expression.steps=50"), TUNING)
    assert told.startswith(
        "the stage expression has 50 steps now, over which its cosine is stretched: step 5 had 1e-05, step 6 has"
    )
    (told,) = rates_told(old, new("curriculum.stages.expression.learning_rate=1.0"), TUNING)
    assert told.startswith("the learning rate of the stage expression is another: step 5 had 1e-05, step 6 has")
    assert list(rates_told(old, new("curriculum.stages.expression.batch=8"), TUNING)) == []


def test_the_documentation_lists_what_may_be_another() -> None:
    rows = [line for line in Path("docs/configuration.md").read_text().splitlines() if line.startswith("| ")]
    for one in MAY_CHANGE:
        (row,) = [row for row in rows if row.endswith(f"| {one.why} |")]
        for key in one.keys:
            assert f"`{key}`" in row or f"`{key.rpartition('.')[2]}`" in row, key
