"""Logs as lmms-eval writes them, and a task that it can read.

Fields and keys are those of lmms-eval: `evaluate` in lmms_eval/evaluator.py, `save_results_samples` in
lmms_eval/loggers/evaluation_tracker.py, and the fields of `TaskConfig` in lmms_eval/api/task.py.
"""

from __future__ import annotations

import importlib.util
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from datasets import load_dataset
from PIL import Image

from rl.evaluation.answers import Answer
from rl.evaluation.lmms_eval.logs import Logged, log_files, sanitised
from rl.evaluation.lmms_eval.task import task_files
from rl.evaluation.questions import EvalQuestion
from rl.evaluation.scoring import RowScore
from rollout.media.medium import Medium
from rollout.rows.row import Row, Turn
from tests.unit.rewards.rationales import GOOD

OF_RESULTS = {"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks", "task_hashes"}
OF_SAMPLES = {"doc_id", "target", "resps", "filtered_resps", "doc_hash", "prompt_hash", "target_hash", "input"}
OF_TASKS = {
    "task", "tag", "dataset_path", "dataset_kwargs", "test_split", "output_type", "doc_to_visual", "doc_to_text",
    "doc_to_messages", "doc_to_target", "process_results", "generation_kwargs", "metric_list", "cluster_key",
    "score_key", "metadata",
}  # fmt: skip


class Loader(yaml.SafeLoader):
    """Reads `!function utils.name` as lmms-eval does, for the name alone."""


Loader.add_constructor("!function", lambda loader, node: f"!{loader.construct_scalar(node)}")


@pytest.fixture
def logged(tmp_path: Path) -> list[Logged]:
    image = tmp_path / "a.png"
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(image)
    video, picture = Medium("video", str(tmp_path / "a.mp4")), Medium("image", str(image))
    before = (Turn("user", "<image>Look."), Turn("assistant", "I see."))
    rows = [
        Row(0, "<video>Which? (A) Happy (B) Sad", (video,), "emotion_single", "DFEW", "B"),
        Row(1, "And <video>here?", (picture, video), "emotion_single", "MAFW", "happy", context=before),
        Row(2, "<video>Describe as a tree.", (video,), "rationale", "faces", "Angry", tree=GOOD),
        Row(3, "<video>What is done?", (video,), "action_caption", "", "she smiles"),
        Row(4, "<video>Who?", (video,), "emotion_single", "DFEW", "sad"),
    ]
    said = ["B", "sad", GOOD, "she smiles", ""]
    scores: list[dict[str, float]] = [{"score": 1.0}, {"score": 0.0}, {"score": 1.0, "leaf_f1": 1.0}, {"score": 1.0}, {}]
    return [
        Logged(
            EvalQuestion(row, "asked", f"d{row.index}", f"d{row.index}", f"c{row.index % 2}"),
            [Answer(f"k{row.index}", 0, text)],
            RowScore(
                f"d{row.index}", f"c{row.index % 2}", row.task, row.source, "asked", of, problem=None if of else "slow: 3 s"
            ),
        )
        for row, text, of in zip(rows, said, scores, strict=True)
    ]


def test_logs_have_lmms_evals_files_and_fields(logged: list[Logged]) -> None:
    files = log_files("Qwen/some model", logged, datetime(2026, 1, 2, 3, 4, 5))
    assert set(files) == {
        "20260102_030405_results.json",
        *(f"20260102_030405_samples_affectree_{task}.jsonl" for task in ("action_caption", "emotion_single", "rationale")),
    }
    results = json.loads(files["20260102_030405_results.json"])
    assert set(results) >= OF_RESULTS
    single = results["results"]["affectree_emotion_single"]
    assert (single["alias"], single["score,none"]) == ("affectree_emotion_single", 0.5)
    assert single["score_stderr,none"] > 0
    assert results["results"]["affectree_rationale"]["leaf_f1,none"] == 1.0
    assert results["n-samples"]["affectree_emotion_single"] == {"original": 2, "effective": 2}  # the unanswered one is left out
    samples = [json.loads(line) for line in files["20260102_030405_samples_affectree_emotion_single.jsonl"].splitlines()]
    assert all(set(sample) >= OF_SAMPLES for sample in samples)
    assert [(one["doc_id"], one["target"], one["filtered_resps"], one["score"]) for one in samples] == [
        (0, "B", ["B"], 1.0),
        (1, "happy", ["sad"], 0.0),
    ]
    assert sanitised("Qwen/some model") == "Qwen__some model"


def test_the_task_is_one_that_lmms_eval_can_read(logged: list[Logged], tmp_path: Path) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    for name, text in task_files(logged, {"emotion_single": 24, "rationale": 160, "action_caption": 64}, folder).items():
        (folder / name).write_text(text)
    functions = module(folder / "utils.py")
    configs = {file.stem: yaml.load(file.read_text(), Loader) for file in folder.glob("*.yaml")}
    assert set(configs) == {"affectree_emotion_single", "affectree_rationale", "affectree_action_caption"}
    for name, config in configs.items():
        assert set(config) <= OF_TASKS
        assert (config["task"], config["output_type"], config["test_split"]) == (name, "generate_until", "test")
        named = [
            value for value in [*config.values(), *(m["aggregation"] for m in config["metric_list"])] if str(value)[:1] == "!"
        ]
        assert len(named) == 4 + len(config["metric_list"])
        assert all(callable(getattr(functions, value.removeprefix("!utils."))) for value in named)
    assert [one["metric"] for one in configs["affectree_rationale"]["metric_list"]] == ["score", "leaf_f1"]
    assert configs["affectree_rationale"]["generation_kwargs"]["max_new_tokens"] == 160
    config = configs["affectree_emotion_single"]
    rows = load_dataset(config["dataset_path"], **config["dataset_kwargs"], cache_dir=str(tmp_path / "cache"))["test"]
    assert len(rows) == 3  # also those that were not answered here


def test_its_functions_ask_and_measure_as_affectree_does(logged: list[Logged], tmp_path: Path) -> None:
    files = task_files(logged, dict.fromkeys(("emotion_single", "rationale", "action_caption"), 24), tmp_path)
    (tmp_path / "utils.py").write_text(files["utils.py"])
    functions = module(tmp_path / "utils.py")
    first, second, _ = (json.loads(line) for line in files["affectree_emotion_single.jsonl"].splitlines())
    assert functions.doc_to_text(first, {"default": {}}) == "Which? (A) Happy (B) Sad"
    assert functions.doc_to_visual(first) == [str(logged[0].question.row.media[0].path)]
    turns = functions.doc_to_messages(second)
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [part["type"] for turn in turns for part in turn["content"]] == ["image", "text", "text", "text", "video", "text"]
    assert turns[0]["content"][0]["url"].size == (4, 4)
    assert functions.process_results(first, ["Sad"]) == {"score": {"score": 1.0, "clip": "c0"}}
    assert functions.process_results(first, ["(A)"]) == {"score": {"score": 0.0, "clip": "c0"}}
    tree = json.loads(files["affectree_rationale.jsonl"])
    assert functions.process_results(tree, [GOOD])["leaf_f1"] == {"score": 1.0, "clip": "c0"}
    caption = json.loads(files["affectree_action_caption.jsonl"])
    assert functions.process_results(caption, ["she smiles"])["score"]["score"] == 1.0
    assert functions.mean_score([{"score": 1.0, "clip": "a"}, {"score": 0.0, "clip": "b"}]) == 0.5


def module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("utils_of_the_task", file)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
