"""README.md in a model's folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rl.config.changes import Change
from rl.config.load import load_config
from rl.config.schema import (
    Config,
    CurriculumConfig,
    DataConfig,
    GrpoConfig,
    LoraConfig,
    ModelConfig,
    ScorerConfig,
    StageConfig,
)
from rl.config.sections.data import DataSetConfig
from rl.record.model_card.card import Carded, write_card, write_cards
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import session
from rl.record.runs.progress import Progress

BASE = "Qwen/Qwen2.5-VL-3B-Instruct"
SUMMARY = {
    "measures": ["root_accuracy", "qa/action_units", "length"],
    "stages": {"init": {"root_accuracy": 0.1}, "tuned": {"root_accuracy": 0.5}, "grpo": {"root_accuracy": 0.625, "length": 80.0}},
    "intervals": {"init": {"root_accuracy": [0.0, 0.2]}, "grpo": {"root_accuracy": [0.5, 0.75]}},
    "rows": {"init": {"root_accuracy": 64}, "tuned": {"root_accuracy": 64}, "grpo": {"root_accuracy": 64, "length": 96}},
    "chance": {"root_accuracy": 0.25},
    "majority": {"root_accuracy": 0.25},
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        name="emotions",
        seed=7,
        runs=str(tmp_path),
        data=DataConfig(
            sets={"dfew": DataSetConfig(directory="/home/jane/data/dfew"), "afew": DataSetConfig(directory="/data/afew")}
        ),
        model=ModelConfig(path=BASE),
        curriculum=CurriculumConfig({"attribute": StageConfig(steps=20, mix={"attribute_open": 1.0})}),
        grpo=GrpoConfig(steps=30),
    )


@pytest.fixture
def run(config: Config) -> RunDirectory:
    run = RunDirectory.create(config)
    run.summary_file.write_text(json.dumps(SUMMARY))
    run.remember(
        data={"train": {"rows": 900, "digest": "d", "files": [["dfew/train.jsonl", 600, "d"], ["afew/train.jsonl", 300, "d"]]}},
        software={"version": "0.1.0", "commit": "abc123"},
    )
    for step in (10, 20, 30):
        run.metrics.append({"phase": "grpo", "step": step, "metrics": {"val/reward": step / 100, "reward/mean": 0.5}})
    run.model.mkdir()
    return run


def card_of(folder: Path) -> tuple[dict, str]:
    """(front matter, the text below it)."""
    empty, front, text = (folder / "README.md").read_text().split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(front), text


def test_the_card_of_a_model_says_where_it_comes_from(run: RunDirectory, config: Config) -> None:
    write_cards(run, config, Progress("grpo", 30, best=0.2, best_step=20))
    front, text = card_of(run.model)
    assert front["base_model"] == BASE
    assert front["base_model_relation"] == "finetune"
    assert front["library_name"] == "transformers"
    assert "affectree" in front["tags"]
    assert "GRPO step 20 of 30, the best on the val split" in text
    assert "| measure | rows | chance | majority | init | tuned | grpo |\n| --- |" in text
    assert "\n| root_accuracy | 64 | 25.0 | 25.0 | 10.0 [0.0, 20.0] | 50.0 | 62.5 [50.0, 75.0] |\n" in text
    assert "\n| length | 96 | - | - | - | - | 80.0 |\n" in text
    assert "Data sets: dfew, afew." in text
    assert "\n| train | 900 | dfew/train.jsonl (600), afew/train.jsonl (300) |\n" in text
    assert "\n| attribute | 20 | 32 | attribute_open |\n" in text
    assert "reward 0.2." in text
    assert "Seed 7; affectree 0.1.0, commit abc123." in text
    assert "a1 aspect: value" in text
    assert text.count("```") % 2 == 0


def test_a_model_on_the_way_has_no_scores_of_later_ones(run: RunDirectory, config: Config) -> None:
    write_card(run.model, run, config, Carded(Progress("grpo", 10), finished=False))
    _, text = card_of(run.model)
    assert "| init | tuned |\n" in text
    assert "62.5" not in text
    assert "after GRPO step 10, and was not measured on test rows itself" in text
    assert "reward 0.1." in text
    write_card(run.model, run, config, Carded(Progress("tune", 5), finished=False))
    _, text = card_of(run.model)
    assert "after tuning step 5" in text
    assert "50.0" not in text
    assert "Then GRPO" not in text


def test_adapters_have_a_card_of_their_own(run: RunDirectory, config: Config) -> None:
    (run.model / "adapter").mkdir()
    config = replace(config, model=replace(config.model, lora=LoraConfig(rank=8)))
    write_cards(run, config, Progress("grpo", 30))
    front, text = card_of(run.model / "adapter")
    assert front["library_name"] == "peft"
    assert front["base_model_relation"] == "adapter"
    assert f'base = "{BASE}"' in text
    assert "LoRA of rank 8" in text
    assert card_of(run.model)[0]["library_name"] == "transformers"


def test_what_a_local_base_says_of_itself_is_handed_on(run: RunDirectory, config: Config, tmp_path: Path) -> None:
    base = tmp_path / "secret place" / "my-base"
    base.mkdir(parents=True)
    (base / "README.md").write_text(f"---\nlicense: other\nlicense_name: qwen-research\nbase_model: {BASE}\n---\n# A model\n")
    write_cards(run, replace(config, model=ModelConfig(path=str(base))), Progress("grpo", 30))
    front, text = card_of(run.model)
    assert (front["license"], front["license_name"], front["base_model"]) == ("other", "qwen-research", BASE)
    assert "Trained with affectree from my-base," in text
    assert "No license is stated" not in text


def test_neither_folders_nor_keys_are_shown(run: RunDirectory, config: Config) -> None:
    config = replace(
        config,
        rewards=replace(
            config.rewards,
            scorers={
                "/home/jane/scorers/mine.py:score": ScorerConfig(
                    parameters={"api_key": "sk-123", "judge": {"url": "http://jane:pw@judge/v1"}}
                ),
            },
        ),
    )
    config.tracking.uri = "http://jane:pw@tracking"
    write_cards(run, config, Progress("grpo", 30))
    shown = (run.model / "README.md").read_text() + (run.model / "affectree.yaml").read_text()
    for private in ("/home", "jane", "sk-123", "pw@", "tracking"):
        assert private not in shown.replace("(runs, tracking, cluster)", ""), private
    settings = yaml.safe_load((run.model / "affectree.yaml").read_text())
    assert settings["rewards"]["scorers"]["mine.py:score"]["parameters"] == {"judge": {"url": "http://judge/v1"}}
    assert settings["data"]["sets"]["dfew"]["directory"] == "dfew"
    assert settings["seed"] == 7


def test_the_settings_beside_it_begin_another_run(run: RunDirectory, tmp_path: Path) -> None:
    words = [
        "model.init=tiny",
        "grpo.mix={rationale: 1}",
        "rewards.scorers={leaf: {spec: leaf_f1}}",
        "seed=3",
        "data.directory=x",
    ]
    config = load_config(None, [*words, f"runs={tmp_path}", "tracking.mlflow=false"], files=False)
    write_cards(run, config, Progress("grpo", 30))
    again = load_config(run.model / "affectree.yaml", [], files=False)
    assert again == replace(config, runs=again.runs, tracking=again.tracking)


def test_a_run_that_measured_nothing_says_so(run: RunDirectory, config: Config) -> None:
    run.summary_file.unlink()
    write_cards(run, config, Progress("grpo", 30))
    assert "None: the run had not been measured on test rows." in card_of(run.model)[1]


def test_the_card_of_a_fork_says_which_settings_its_parent_had_others_of(run: RunDirectory, config: Config) -> None:
    write_cards(run, config, Progress("grpo", 30))
    assert "fork" not in card_of(run.model)[1]
    changed = ("runs", "grpo.kl", "rewards.scorers./home/jane/mine.py:score.weight", "cluster.address")
    forked = session("forked", Progress("grpo", 20), [Change(key, 0, "/home/jane") for key in changed])
    run.remember(history=[forked.kept(), session("resumed", Progress("grpo", 25), [Change("grpo.steps", 20, 30)]).kept()])
    write_cards(run, config, Progress("grpo", 30))
    said = "what was learned up to GRPO step 20 is another run's, with other settings than these of"
    assert f"{said} grpo.kl, rewards.scorers.mine.py:score.weight.\n" in card_of(run.model)[1]
    run.remember(history=[session("forked", Progress("tune", 5)).kept()])
    write_cards(run, config, Progress("grpo", 30))
    assert "what was learned up to tuning step 5 is another run's.\n" in card_of(run.model)[1]
