"""Configuration: everything that is wrong is said at once, before anything heavy is imported."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from rewards.errors import UserError
from rewards.mix_settings import read_mix
from rl.config.completions import longest_completion
from rl.config.load import ConfigError, load_config
from rl.config.saved import load_saved

QUICKSTART = Path("configs/quickstart.yaml")


def problems(*overrides: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(QUICKSTART, overrides)
    return str(error.value)


def test_shipped_configurations_are_valid() -> None:
    for file in sorted(Path("configs").glob("*.yaml")):
        needed = (
            ["model.path=Qwen/Qwen2.5-VL-3B-Instruct", "data.sets={}", "data.faces={}"] if file.stem.startswith("videmo") else []
        )
        config = load_config(file, needed)
        assert config.rewards.scorers
    for file in (*sorted(Path("configs/algo").glob("*.yaml")), *sorted(Path("configs/evaluation").glob("*.yaml"))):
        assert load_config(QUICKSTART, [f"base={file}", "rollout.max_model_len=4096"]).grpo.steps == 32


def test_a_saved_configuration_says_everything_and_means_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    words = ["rewards.scorers.leaf=null", "curriculum.stages.attribute=null", "evaluation.rows={rationale: 3}", "base=algo/dapo"]
    config = load_config(QUICKSTART, words)
    saved = tmp_path / "config.yaml"
    saved.write_text(OmegaConf.to_yaml(OmegaConf.structured(config)))
    assert config == load_saved(saved, files=True) == load_config(saved)
    assert "leaf" not in [entry.scorer.name for entry in read_mix(saved)]


def test_a_configuration_that_an_earlier_version_saved_is_read(tmp_path: Path) -> None:
    saved = tmp_path / "config.yaml"
    text = OmegaConf.to_yaml(OmegaConf.structured(load_config(QUICKSTART)))
    saved.write_text(
        text.replace("  mix: null", "  mix: configs/rewards/default.yaml").replace("grpo:\n", "grpo:\n  preset: null\n")
    )
    assert load_saved(saved, files=False) == load_config(QUICKSTART)
    saved.write_text(text.replace("  loss: ppo", "  loss: pop"))
    with pytest.raises(ConfigError, match=r"grpo\.loss = 'pop': must be one of ppo, gspo, cispo"):
        load_saved(saved, files=False)


def test_unknown_keys_and_wrong_types_are_told_together() -> None:
    text = problems("nonsense=1", "grpo.nonsense=1", "grpo.steps=many", "curriculum.stages.attribute.batch=x")
    for key in ("nonsense", "grpo.nonsense", "grpo.steps", "curriculum.stages.attribute.batch"):
        assert key in text
    assert len(text.splitlines()) == 1 + 4


def test_impossible_values_are_told_together() -> None:
    text = problems(
        "grpo.group=1",
        "grpo.prompts=5",
        "grpo.updates=2",
        "grpo.temperature=0",
        "learner.zero_stage=7",
        "rewards.scorers.mine.spec=absent.py:f",
        "data.train=/no/such.jsonl",
        "model.init=checkpoint",
        "model.path=/no/such/model",
    )
    for key in (
        "grpo.group = 1",
        "grpo.prompts = 5",
        "grpo.temperature",
        "learner.zero_stage = 7",
        "rewards.scorers.mine",
        "data.train",
        "model.path",
    ):
        assert key in text


def test_a_missing_file_and_a_bare_word_are_told() -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml: no such file; check the path"):
        load_config(Path("absent.yaml"))
    assert "key=value" in problems("word")
    assert "not valid YAML" in problems("grpo.mix={'x")


def test_reading_a_configuration_imports_neither_torch_nor_ray() -> None:
    code = "import sys, rl.config.load; sys.exit(bool({'torch', 'ray', 'vllm'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_mix_is_read_below_the_configs_own_settings(tmp_path: Path) -> None:
    config = load_config(QUICKSTART, ["rewards.scorers.root.weight=3", "rewards.scorers.length={weight: 0.1}"])
    assert (config.rewards.scorers["root"].weight, config.rewards.scorers["root"].tasks) == (3, ["rationale"])
    assert set(config.rewards.scorers) > {"root", "leaf", "length"}
    mine = tmp_path / "mine.yaml"
    mine.write_text("scorers:\n  leaf: {weight: 5}\n")
    assert list(load_config(QUICKSTART, [f"rewards.mix={mine}"]).rewards.scorers) == ["leaf"]
    mine.write_text("scorers:\n  leaf: {wait: 5}\n")
    assert "wait" in problems(f"rewards.mix={mine}")
    assert "no such file" in problems("rewards.mix=absent.yaml")


def test_faults_of_scorers_are_told_before_a_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample):\n    return 1\n")
    text = problems(f"rewards.scorers.mine.spec={file}:f", "rewards.scorers.mine.mode=each", "rewards.scorers.leaf.level=top")
    assert "rewards.scorers.leaf.level = 'top': must be one of attribute, expression, emotion" in text
    assert "rewards.scorers.mine.mode = 'each': must be one of sample, batch, group" in text
    assert "it has f" in problems(f"rewards.scorers.mine.spec={file}:g")


def test_bases_stand_below_what_names_them(tmp_path: Path) -> None:
    words = ["base=configs/algo/videmo.yaml", "grpo.mix={rationale: 1}", "data.faces={}", "model.init=tiny"]
    config = load_config(None, [*words, "rewards.scorers.root={}"])
    assert (config.grpo.kl, config.grpo.temperature, config.grpo.estimator) == (0.04, 0.9, "grpo")
    mine = tmp_path / "mine.yaml"
    mine.write_text("base: [algo/dapo, quickstart]\n")
    config = load_config(mine)
    assert (config.grpo.clip_high, config.grpo.kl) == (0.28, 0.05)  # the quickstart's own comes later
    assert load_config(QUICKSTART, ["base=algo/dapo"]).grpo.kl == 0  # over the quickstart's


def test_the_two_sizes_of_videmo_differ_in_four_settings() -> None:
    small, large = (asdict(load_config(Path(name), ["data.sets={}", "data.faces={}"])) for name in ("videmo_3b", "videmo_7b"))
    assert (small.pop("name"), large.pop("name")) == ("videmo-3b", "videmo-7b")
    assert (small["grpo"].pop("steps"), large["grpo"].pop("steps")) == (0, 1000)
    assert (small["learner"].pop("ranks"), large["learner"].pop("ranks")) == (4, 8)
    assert (small["model"].pop("path")[-11:], large["model"].pop("path")[-11:]) == ("3B-Instruct", "7B-Instruct")
    assert small == large


def test_choices_and_combinations_are_told_together() -> None:
    text = problems("grpo.estimator=best", "grpo.loss=gspo", "grpo.token_level_loss=true", "grpo.correction=some")
    for key in ("grpo.estimator", "grpo.token_level_loss", "grpo.correction ="):
        assert key in text


def test_sampling_that_is_not_the_present_policys_needs_a_correction() -> None:
    for setting in ("grpo.staleness=1", "grpo.top_p=0.9", "grpo.top_k=50", "rollout.in_flight=keep"):
        assert "grpo.correction = 'off': must not be off with" in problems(setting)
        assert load_config(QUICKSTART, [setting, "grpo.correction=truncate"]).grpo.correction == "truncate"
    assert "must be one of wait, abort, keep" in problems("rollout.in_flight=drop")


def test_trees_of_samples_have_three_levels_and_the_groups_size() -> None:
    assert load_config(QUICKSTART, ["rollout.branching=[2, 2, 2]", "grpo.credit=branch"]).rollout.branching == [2, 2, 2]
    for shape in ("[2, 2, 3]", "[4, 2]", "[8, 1]"):
        assert "three numbers whose product is grpo.group = 8" in problems(f"rollout.branching={shape}")
    assert "needs rollout.branching" in problems("grpo.credit=branch")
    assert "must be false with rollout.branching" in problems("rollout.branching=[2, 2, 2]", "grpo.structured=true")


def test_reasoning_is_checked_before_a_run() -> None:
    assert load_config(QUICKSTART, ["evaluation.reasoning={width: 2}"]).evaluation.reasoning.scorer == "agreement"
    text = problems("evaluation.reasoning={width: 0, scorer: best}")
    assert "evaluation.reasoning.width = 0" in text
    assert "must be agreement, likelihood, oracle, endpoint or judge, found 'best'" in text
    assert "candidates are the same" in problems("evaluation.reasoning={width: 2, temperature: 0}")


def test_settings_that_would_fail_late_or_do_nothing_are_told_before_a_run() -> None:
    assert load_config(QUICKSTART, ["learner.zero_stage=2", "learner.offload=[optimizer]"]).learner.offload == ["optimizer"]
    assert "needs zero_stage 1 or more" in problems("learner.offload=[optimizer]")
    assert "3 for parameters" in problems("learner.zero_stage=2", "learner.offload=[parameters]")
    assert "may list optimizer and parameters" in problems("learner.zero_stage=3", "learner.offload=[gradients]")
    assert "grpo.task_max_tokens" in problems("grpo.task_max_tokens={'*': 9}")
    assert "checkpoints.keep = 0" in problems("checkpoints.keep=0")
    assert "needs a scorer of a level" in problems("grpo.credit=level", "rewards.mix=configs/rewards/answer.yaml")
    observed = "rewards.scorers={leaf: {weight: 0}, qa: {}}"
    assert "needs a scorer of a level with a weight" in problems("grpo.credit=level", observed)
    nothing = problems("rewards.scorers={leaf: {weight: 0}, qa: {weight: 0}}")
    assert "rewards.scorers.*.weight = {'leaf': 0.0, 'qa': 0.0}: must be above 0 for one of them, or nothing is" in nothing
    never = problems("rewards.scorers={leaf: {weight: 0, on_error: fail}, qa: {}}")
    assert "rewards.scorers.leaf: scorer 'leaf': on_error must not be fail with weight 0" in never
    assert "must be one of memory, broadcast" in problems("rollout.transfer=nccl")
    assert "must be memory where learner and engine share a GPU" in problems(
        "rollout.transfer=broadcast", "rollout.gpus=0.5", "learner.gpus=0.5"
    )
    assert "rollout.checksum = True" in problems("rollout.transfer=broadcast", "rollout.checksum=true")
    assert "must be one of merged, adapter" in problems("model.lora={sync: both}")
    told = problems("model.lora={rank: 1024, sync: adapter}", "rollout.transfer=broadcast")
    assert "at most 512" in told and "which is small" in told
    branch = ("rollout.branching=[2, 2, 2]", "grpo.credit=branch")
    assert "which compares siblings" in problems(*branch, "grpo.estimator=reinforce++")


def test_a_pattern_of_longest_completions_counts_before_the_default() -> None:
    limits = load_config(QUICKSTART, ["evaluation.max_tokens={'*': 24, 'qa_*': 8}"]).evaluation.max_tokens
    assert longest_completion(limits, "qa_short") == 8
    assert longest_completion(limits, "another") == limits["*"]


def test_a_task_without_a_longest_completion_is_told() -> None:
    said = r"evaluation\.max_tokens says nothing of task 'qa' \(it has caption\*, rationale\); add the task, or `\*`"
    with pytest.raises(UserError, match=said):
        longest_completion({"rationale": 32, "caption*": 8}, "qa")
