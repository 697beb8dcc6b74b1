"""How long a task's completions may be, and what an evaluation draws."""

from __future__ import annotations

from rl.config.schema import Config, EvaluationConfig, GrpoConfig
from rl.run.specs import greedy_sampling, grpo_sampling


def test_a_tasks_own_limit_counts_before_patterns_and_patterns_before_the_general_one() -> None:
    config = Config(grpo=GrpoConfig(max_tokens=100, task_max_tokens={"qa_*": 8, "qa_long": 50}, stop=["\n\n"]))
    assert [grpo_sampling(config, task).max_tokens for task in ("rationale", "qa_short", "qa_long")] == [100, 8, 50]
    assert grpo_sampling(config, "rationale").stop == ("\n\n",)


def test_evaluation_is_greedy() -> None:
    sampling = greedy_sampling(EvaluationConfig(max_tokens={"*": 7}), "anything")
    assert (sampling.count, sampling.temperature, sampling.max_tokens) == (1, 0.0, 7)


def test_samples_have_a_seed_where_runs_are_to_be_alike() -> None:
    config = Config(seed=3)
    assert grpo_sampling(config, "rationale").seed is None
    config.determinism = True
    seeds = {grpo_sampling(config, task).seed for task in ("rationale", "qa")}
    assert len(seeds) == 1 and None not in seeds
    config.seed = 4
    assert grpo_sampling(config, "qa").seed not in seeds
